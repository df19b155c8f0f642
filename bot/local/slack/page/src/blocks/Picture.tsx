// Pictures. Only what this workspace itself serves is loaded; of anything else the alternative text and a link are shown.

import type { ReactNode } from "react";
import { Link } from "../text/Link.tsx";
import { Words } from "./Drawn.tsx";
import type { Image } from "./types.ts";

/** The address by which this page may load a file of the workspace, or null for what comes from elsewhere. */
export function ownAddress(image: Image): string | null {
  const id = image.slack_file?.id ?? fileIn(image.slack_file?.url ?? image.image_url);
  return id ? `/local/file/${encodeURIComponent(id)}` : null;
}

/** The file that a `url_private` of this workspace names: `/files-pri/TEAM-FILE/name`. */
function fileIn(url: string | undefined): string | undefined {
  if (!url || !URL.canParse(url) || new URL(url).origin !== location.origin) return undefined;
  return /^\/files-pri\/\w+-(\w+)\//.exec(new URL(url).pathname)?.[1];
}

export function Picture({ image, small = false }: { image: Image; small?: boolean }): ReactNode {
  const url = image.image_url ?? image.slack_file?.url;
  const own = ownAddress(image);
  if (own) {
    return (
      <figure className={small ? "picture small" : "picture"}>
        {image.title && (
          <figcaption>
            <Words text={image.title} />
          </figcaption>
        )}
        <img src={own} alt={image.alt_text} loading="lazy" />
      </figure>
    );
  }
  return (
    <span className="picture-elsewhere">
      <span aria-hidden="true">🖼 </span>
      {image.alt_text} {url && <Link url={url}>open</Link>}
    </span>
  );
}

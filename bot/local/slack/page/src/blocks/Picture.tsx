// Pictures. Only what this workspace itself serves is loaded; of anything else the alternative text and a link are shown.

import type { ReactNode } from "react";
import { Link } from "../text/Link.tsx";
import { Words } from "./Drawn.tsx";
import type { Image } from "./types.ts";

/** The address by which this page may load `url`, or null when it comes from elsewhere. */
export function ownAddress(url: string | undefined): string | null {
  if (!url || !URL.canParse(url, location.origin)) return null;
  const parsed = new URL(url, location.origin);
  return parsed.origin === location.origin && parsed.pathname.startsWith("/files") ? parsed.href : null;
}

export function Picture({ image, small = false }: { image: Image; small?: boolean }): ReactNode {
  const url = image.image_url ?? image.slack_file?.url;
  const own = ownAddress(url);
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

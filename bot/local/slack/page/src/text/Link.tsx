// A link, but only to the web or a mail address; anything else stays text.

import type { ReactNode } from "react";

const ALLOWED = new Set(["http:", "https:", "mailto:"]);

/** Where `url` leads, or null when nobody should be led there. */
export function target(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const parsed = new URL(url);
  return ALLOWED.has(parsed.protocol) ? parsed.href : null;
}

export function Link({ url, children }: { url: string; children: ReactNode }): ReactNode {
  const href = target(url);
  if (href === null) return <span>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer" title={href}>
      {children}
    </a>
  );
}

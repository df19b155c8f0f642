// A link, but only to the web or a mail address; anything else stays text. One to a message here opens it here.

import { createContext, type MouseEvent, type ReactNode, useContext } from "react";

const ALLOWED = new Set(["http:", "https:", "mailto:"]);

export interface Permalink {
  channel: string;
  thread: string;
}

const Context = createContext<(place: Permalink) => void>(() => undefined);

/** Who follows the links to messages of this workspace. */
export const Following = Context;

/** Where `url` leads, or null when nobody should be led there. */
export function target(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const parsed = new URL(url);
  return ALLOWED.has(parsed.protocol) ? parsed.href : null;
}

/** What `/archives/CHANNEL/p1234567890123456`, with `?thread_ts=` for a reply, is a link to. */
export function permalink(pathname: string, search: string): Permalink | null {
  const [, channel, seconds, rest] = /^\/archives\/(\w+)\/p(\d{10})(\d{6})$/.exec(pathname) ?? [];
  if (!channel) return null;
  return { channel, thread: new URLSearchParams(search).get("thread_ts") ?? `${seconds}.${rest}` };
}

/** Goes where `url` leads: to a message here in this window, anywhere else in another one. */
export function useFollow(): (url: string) => void {
  const follow = useContext(Context);
  return (url) => {
    const href = target(url);
    if (href === null) return;
    const parsed = new URL(href);
    const here = parsed.origin === location.origin ? permalink(parsed.pathname, parsed.search) : null;
    if (here) follow(here);
    else window.open(href, "_blank", "noopener,noreferrer");
  };
}

export function Link({ url, children }: { url: string; children: ReactNode }): ReactNode {
  const follow = useFollow();
  const href = target(url);
  if (href === null) return <span>{children}</span>;
  const clicked = (event: MouseEvent): void => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    follow(url);
  };
  return (
    <a href={href} target="_blank" rel="noopener noreferrer" title={href} onClick={clicked}>
      {children}
    </a>
  );
}

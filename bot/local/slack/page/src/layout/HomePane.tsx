import type { ReactNode } from "react";
import { ActingOn } from "../acting.tsx";
import { Blocks } from "../blocks/Blocks.tsx";
import { Guarded } from "../message/Guarded.tsx";
import type { State } from "../store.ts";

/** The app's home tab, as the app published it for this person. */
export function HomePane({ state }: { state: State }): ReactNode {
  const { home, viewer } = state;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keyboard, too
    <section className="home" aria-label="Home" tabIndex={0}>
      {home ? (
        <ActingOn user={viewer} target={{ view_id: home.id }}>
          <Guarded fallback="" of={home}>
            <div className="home-blocks">
              <Blocks blocks={home.blocks} />
            </div>
          </Guarded>
        </ActingOn>
      ) : (
        <p className="empty">Gavel has not shown anything here yet.</p>
      )}
    </section>
  );
}

import { type ReactNode, useCallback, useEffect, useState } from "react";
import { Confirming } from "./acting.tsx";
import { state as look } from "./api.ts";
import { ChannelPane } from "./layout/ChannelPane.tsx";
import { Side } from "./layout/Side.tsx";
import { ThreadPane } from "./layout/ThreadPane.tsx";
import { Top } from "./layout/Top.tsx";
import { ViewModal } from "./modal/ViewModal.tsx";
import { fromAddress } from "./place.ts";
import type { Place } from "./store.ts";
import { Following, type Permalink } from "./text/Link.tsx";
import { NamesOf } from "./text/names.tsx";
import { Themed } from "./theme.tsx";
import { Toasts } from "./toasts.tsx";
import type { Workspace } from "./types.ts";
import { useSlack } from "./useSlack.ts";

const AGAIN_MS = 1500;

export function App(): ReactNode {
  return (
    <Themed>
      <Toasts>
        <p className="banner" role="note">
          <strong>Local simulation of Slack.</strong> <span>Runs on this machine only; nobody else sees it.</span>
        </p>
        <Opening />
      </Toasts>
    </Themed>
  );
}

/** Waits for the workspace to answer. */
function Opening(): ReactNode {
  const [workspace, setWorkspace] = useState<Workspace | null>(null);
  useEffect(() => {
    let timer: number | undefined;
    const ask = (): void => {
      look().then(setWorkspace, () => {
        timer = window.setTimeout(ask, AGAIN_MS);
      });
    };
    ask();
    return () => window.clearTimeout(timer);
  }, []);
  const found = workspace && fromAddress(workspace);
  if (!workspace || !found) return <p className="empty">Waiting for the local workspace…</p>;
  return <Shell workspace={workspace} viewer={found.viewer.id} place={found.place} />;
}

function Shell({ workspace, viewer, place }: { workspace: Workspace; viewer: string; place: Place }): ReactNode {
  const { state, go, viewAs } = useSlack(workspace, viewer, place);
  const [menu, setMenu] = useState(false);
  const channel = state.workspace.channels.find((each) => each.id === state.place.channel);
  const shortcuts = (state.workspace.shortcuts ?? []).filter((each) => each.type === "message");
  const { thread } = state.place;
  const unread = [...state.unread.values()].reduce((sum, each) => sum + each, 0);
  useEffect(() => {
    const where = channel?.kind === "im" ? "Gavel" : `#${channel?.name ?? ""}`;
    document.title = `${unread ? `(${unread}) ` : ""}${where} · Gavel Local: a simulation of Slack`;
  }, [channel, unread]);
  const follow = useCallback((to: Permalink) => go({ ...to, tab: "messages" }), [go]);
  return (
    <NamesOf workspace={state.workspace}>
      <Following value={follow}>
        <Confirming>
          <div className={`shell${thread ? " with-thread" : ""}${menu ? " show-side" : ""}`}>
            <Top state={state} onViewer={viewAs} onMenu={() => setMenu(!menu)} menuOpen={menu} />
            <Side
              state={state}
              onChannel={(id) => {
                setMenu(false);
                go({ channel: id, ...(id === state.place.channel ? { thread: null } : {}) });
              }}
            />
            {channel && <ChannelPane state={state} channel={channel} shortcuts={shortcuts} go={go} />}
            {channel && thread && (
              <ThreadPane state={state} channel={channel} shortcuts={shortcuts} go={go} root={thread} />
            )}
          </div>
          {state.view?.type === "modal" && <ViewModal key={state.view.id} view={state.view} viewer={state.viewer} />}
        </Confirming>
      </Following>
    </NamesOf>
  );
}

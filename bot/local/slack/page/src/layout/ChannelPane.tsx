import { type ReactNode, useMemo } from "react";
import { act } from "../api.ts";
import { Composer } from "../composer/Composer.tsx";
import { Shortcuts } from "../composer/Shortcuts.tsx";
import { send } from "../composer/sending.ts";
import { MessageList } from "../message/MessageList.tsx";
import { ordered, type Place, type State } from "../store.ts";
import { useToast } from "../toasts.tsx";
import type { Channel, Shortcut } from "../types.ts";
import { HomePane } from "./HomePane.tsx";

export interface PaneProps {
  state: State;
  channel: Channel;
  shortcuts: Shortcut[];
  go: (place: Partial<Place>) => void;
}

export function ChannelPane({ state, channel, shortcuts, go }: PaneProps): ReactNode {
  const isDirect = channel.kind === "im";
  const home = isDirect && state.place.tab === "home";
  return (
    <main className="pane main" aria-label={isDirect ? "Gavel" : `#${channel.name}`}>
      <header className="pane-head">
        <h1>{isDirect ? "Gavel" : `# ${channel.name}`}</h1>
        {isDirect ? (
          <div className="tabs" role="tablist">
            {(["home", "messages"] as const).map((tab) => (
              <button
                key={tab}
                type="button"
                role="tab"
                aria-selected={state.place.tab === tab}
                onClick={() => go({ tab, thread: null })}
              >
                {tab === "home" ? "Home" : "Messages"}
              </button>
            ))}
          </div>
        ) : (
          <p>{channel.topic}</p>
        )}
        {isDirect && state.workspace.shortcuts && <NewChat viewer={state.viewer} go={go} />}
      </header>
      {home ? <HomePane state={state} /> : <Messages state={state} channel={channel} shortcuts={shortcuts} go={go} />}
    </main>
  );
}

/** Opens a new thread with the app, as the assistant's pane does. */
function NewChat({ viewer, go }: { viewer: string; go: PaneProps["go"] }): ReactNode {
  const toast = useToast();
  const open = async (): Promise<void> => {
    const answer = await act("assistant", { user: viewer });
    if (answer.ok && answer.thread_ts) go({ tab: "messages", thread: answer.thread_ts });
    else toast(answer.error ?? "That did not work.");
  };
  return (
    <button type="button" className="action new-chat" onClick={open}>
      New chat
    </button>
  );
}

function Messages({ state, channel, shortcuts, go }: PaneProps): ReactNode {
  const toast = useToast();
  const messages = useMemo(() => ordered(state.messages), [state.messages]);
  const { workspace, viewer } = state;
  const openThread = useMemo(() => (ts: string) => go({ thread: ts }), [go]);
  const called = channel.kind === "im" ? "Gavel" : `#${channel.name}`;
  return (
    <>
      <MessageList
        key={`${viewer}/${channel.id}`}
        label="Messages"
        messages={messages}
        viewer={viewer}
        shortcuts={shortcuts}
        fresh={state.fresh}
        onThread={openThread}
        empty={
          channel.kind === "im"
            ? "Nothing here yet. Write to Gavel to ask for work."
            : "Nothing here yet. Mention @gavel to ask for work."
        }
      />
      <Composer
        key={channel.id}
        workspace={workspace}
        label={`Message ${called}`}
        placeholder={`Message ${called}, or /gavel …`}
        onSend={(text, files) => send({ workspace, viewer, channel: channel.id, thread: null }, text, files)}
        onProblem={toast}
        shortcuts={<Shortcuts workspace={workspace} viewer={viewer} />}
      />
    </>
  );
}

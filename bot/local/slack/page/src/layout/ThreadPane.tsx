import { type ReactNode, useMemo } from "react";
import { Composer } from "../composer/Composer.tsx";
import { send } from "../composer/sending.ts";
import { MessageList } from "../message/MessageList.tsx";
import { ordered, threadKey } from "../store.ts";
import { useToast } from "../toasts.tsx";
import type { PaneProps } from "./ChannelPane.tsx";

const NONE: ReadonlySet<string> = new Set();

export function ThreadPane({ state, channel, shortcuts, go, root }: PaneProps & { root: string }): ReactNode {
  const toast = useToast();
  const messages = useMemo(() => ordered(state.replies), [state.replies]);
  const { workspace, viewer } = state;
  const assistant = state.assistant.get(threadKey(channel.id, root));
  const say = (text: string, files: File[] = []): Promise<string | null> =>
    send({ workspace, viewer, channel: channel.id, thread: root }, text, files);
  const prompt = async (text: string): Promise<void> => {
    const problem = await say(text);
    if (problem) toast(problem);
  };
  return (
    <aside className="pane thread" aria-label="Thread">
      <header className="pane-head">
        <h2>
          {assistant?.title ?? "Thread"}{" "}
          <span className="quiet">{channel.kind === "im" ? "with Gavel" : `in #${channel.name}`}</span>
        </h2>
        <button type="button" className="tool" aria-label="Close thread" onClick={() => go({ thread: null })}>
          ✕
        </button>
      </header>
      <MessageList
        key={`${viewer}/${root}`}
        label="Replies"
        messages={messages}
        viewer={viewer}
        shortcuts={shortcuts}
        fresh={NONE}
        onThread={null}
        empty="This thread is not there (any more)."
      />
      {assistant?.prompts && assistant.prompts.length > 0 && messages.length <= 2 && (
        <div className="prompts">
          {assistant.prompts_title && <p className="quiet">{assistant.prompts_title}</p>}
          {assistant.prompts.map((each) => (
            <button key={each.title} type="button" className="action" onClick={() => prompt(each.message)}>
              {each.title}
            </button>
          ))}
        </div>
      )}
      <p className="status" role="status">
        {assistant?.status ? `Gavel ${assistant.status}` : ""}{" "}
        {assistant?.status && assistant.loading_messages?.[0] ? `· ${assistant.loading_messages[0]}` : ""}
      </p>
      <Composer
        key={`${root}-composer`}
        workspace={workspace}
        label="Reply"
        placeholder="Reply…"
        onSend={say}
        onProblem={toast}
        autoFocus={matchMedia("(hover: hover)").matches}
      />
    </aside>
  );
}

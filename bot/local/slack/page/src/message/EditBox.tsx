import { type ReactNode, useState } from "react";
import { act } from "../api.ts";
import { decode, encode } from "../text/mrkdwn.ts";
import { useNames } from "../text/names.tsx";
import { useToast } from "../toasts.tsx";
import type { Message } from "../types.ts";

/** A person's own message, to be written anew. */
export function EditBox({ message, done }: { message: Message; done: () => void }): ReactNode {
  const toast = useToast();
  const names = useNames();
  const [text, setText] = useState(() =>
    decode(message.text.replace(/<@(\w+)>/g, (_, id: string) => `@${names.user(id)}`)),
  );
  const save = async (): Promise<void> => {
    const { user, channel, ts } = message;
    const answer = await act("edit", { user, channel, ts, text: encode(text) });
    if (answer.ok) done();
    else toast(answer.error ?? "That was not saved.");
  };
  return (
    <form
      className="edit"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") done();
      }}
    >
      <textarea aria-label="Edit message" rows={2} value={text} onChange={(event) => setText(event.target.value)} />
      <div className="dialog-actions">
        <button type="button" className="action" onClick={done}>
          Cancel
        </button>
        <button type="submit" className="action primary">
          Save
        </button>
      </div>
    </form>
  );
}

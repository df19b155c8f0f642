// Where a person types. Enter sends, Shift-Enter makes a line, arrows and Tab take what is offered.

import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { Workspace } from "../types.ts";
import { AttachButton, Attached } from "./Attach.tsx";
import { type Suggestion, suggest } from "./suggest.ts";

export interface ComposerProps {
  workspace: Workspace;
  label: string;
  placeholder: string;
  /** Sends; what comes back is why it was not sent, and the text then stays. */
  onSend: (text: string, files: File[]) => Promise<string | null>;
  onProblem: (sentence: string) => void;
  autoFocus?: boolean;
  /** What else can be begun from here. */
  shortcuts?: ReactNode;
}

export function Composer({
  workspace,
  label,
  placeholder,
  onSend,
  onProblem,
  autoFocus,
  shortcuts,
}: ComposerProps): ReactNode {
  const id = useId();
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState("");
  const [caret, setCaret] = useState(0);
  const [picked, setPicked] = useState(0);
  const [dismissed, setDismissed] = useState("");
  const [files, setFiles] = useState<File[]>([]);
  const offered = text && dismissed !== text ? suggest(workspace, text, caret) : [];
  const current = offered[Math.min(picked, offered.length - 1)];

  const write = (next: string, at: number): void => {
    setText(next);
    setCaret(at);
    setPicked(0);
  };
  const take = (suggestion: Suggestion): void => {
    const next = text.slice(0, suggestion.from) + suggestion.insert + text.slice(caret);
    const at = suggestion.from + suggestion.insert.length;
    // At once: whoever goes on typing must not find the caret moved afterwards.
    flushSync(() => write(next, at));
    field.current?.focus();
    field.current?.setSelectionRange(at, at);
  };
  const send = async (): Promise<void> => {
    const typed = text.trim();
    if (!typed && files.length === 0) return;
    write("", 0);
    setFiles([]);
    const problem = await onSend(typed, files);
    if (problem === null) return;
    setText((now) => now || typed);
    setFiles(files);
    onProblem(problem);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return;
    if (current && ["ArrowDown", "ArrowUp", "Tab", "Escape"].includes(event.key)) {
      event.preventDefault();
      if (event.key === "Tab") take(current);
      else if (event.key === "Escape") setDismissed(text);
      else setPicked((picked + (event.key === "ArrowDown" ? 1 : offered.length - 1)) % offered.length);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      // An incomplete word is completed; a command that is complete is sent.
      if (current && !text.includes(" ", current.from)) take(current);
      else void send();
    }
  };
  const attach = (list: FileList): void => setFiles((before) => [...before, ...list]);
  return (
    <form
      className="composer"
      onPaste={(event) => {
        if (event.clipboardData.files.length) attach(event.clipboardData.files);
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        attach(event.dataTransfer.files);
      }}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {offered.length > 0 && (
        <div className="suggestions" id={`${id}-list`} role="listbox" aria-label="Suggestions">
          {offered.map((each) => (
            <button
              key={each.label}
              id={`${id}-${each.label}`}
              type="button"
              role="option"
              tabIndex={-1}
              aria-selected={each === current}
              onMouseDown={(event) => {
                event.preventDefault();
                take(each);
              }}
            >
              <strong>{each.label}</strong> <small>{each.hint}</small>
            </button>
          ))}
        </div>
      )}
      <Attached files={files} remove={(file) => setFiles(files.filter((each) => each !== file))} />
      <AttachButton attach={attach} />
      {shortcuts}
      <textarea
        ref={field}
        aria-label={label}
        aria-autocomplete="list"
        aria-controls={offered.length ? `${id}-list` : undefined}
        aria-activedescendant={current ? `${id}-${current.label}` : undefined}
        rows={Math.min(8, text.split("\n").length)}
        placeholder={placeholder}
        value={text}
        // biome-ignore lint/a11y/noAutofocus: a person opened this thread to reply
        autoFocus={autoFocus}
        onChange={(event) => write(event.target.value, event.target.selectionStart)}
        onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
        onKeyDown={onKeyDown}
      />
      <button type="submit" className="action primary" disabled={!text.trim() && files.length === 0}>
        Send
      </button>
    </form>
  );
}

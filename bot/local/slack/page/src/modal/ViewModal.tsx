// The modal in front of a person.

import { type ReactNode, useState } from "react";
import { ActingOn, type Value } from "../acting.tsx";
import { act } from "../api.ts";
import { Blocks } from "../blocks/Blocks.tsx";
import { Words } from "../blocks/Drawn.tsx";
import type { Input } from "../blocks/types.ts";
import { initial, sent } from "../controls/initial.ts";
import type { View } from "../types.ts";
import { Dialog } from "./Dialog.tsx";
import { InputBlock } from "./InputBlock.tsx";

type Entered = Record<string, string | string[]>;

/** An input keeps what was entered when the app changes the view around it, as long as its names stay. */
const name = (block: Input): string =>
  `${block.block_id}/${"action_id" in block.element ? block.element.action_id : ""}`;

function inputs(view: View): Input[] {
  return view.blocks.filter((block) => block.type === "input");
}

function values(view: View, entered: Entered): Record<string, Record<string, Value>> {
  const out: Record<string, Record<string, Value>> = {};
  for (const block of inputs(view)) {
    const given = sent(block.element, entered[name(block)] ?? initial(block.element));
    if (given !== undefined && "action_id" in block.element) out[block.block_id] = { [block.element.action_id]: given };
  }
  return out;
}

export function ViewModal({ view, viewer }: { view: View; viewer: string }): ReactNode {
  const [entered, setEntered] = useState<Entered>({});
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const close = (): void => void act("close_view", { user: viewer, view_id: view.id });
  const submit = async (): Promise<void> => {
    setBusy(true);
    setErrors({});
    setProblem("");
    const answer = await act("submit_view", { user: viewer, view_id: view.id, values: values(view, entered) });
    setBusy(false);
    if (answer.ok) return;
    if (answer.errors) setErrors(answer.errors);
    else setProblem(answer.message ?? answer.error ?? "That did not work. Nothing was sent.");
  };
  return (
    <Dialog className="dialog modal" labelledBy="modal-title" onCancel={close}>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) void submit();
        }}
      >
        <header>
          <h2 id="modal-title">{view.title && <Words text={view.title} />}</h2>
          <button type="button" className="tool" aria-label="Close" onClick={close}>
            ✕
          </button>
        </header>
        <div className="modal-body">
          {problem && (
            <p className="field-error" role="alert">
              {problem}
            </p>
          )}
          <ActingOn user={viewer} target={{ view_id: view.id }}>
            {view.blocks.map((block, at) =>
              block.type === "input" ? (
                <InputBlock
                  key={name(block)}
                  block={block}
                  value={entered[name(block)] ?? initial(block.element)}
                  onChange={(value) => setEntered((before) => ({ ...before, [name(block)]: value }))}
                  error={errors[block.block_id]}
                />
              ) : (
                <Blocks key={block.block_id ?? at} blocks={[block]} />
              ),
            )}
          </ActingOn>
        </div>
        <footer className="dialog-actions">
          <button type="button" className="action" onClick={close}>
            {view.close ? <Words text={view.close} /> : "Cancel"}
          </button>
          {view.submit && (
            <button type="submit" className="action primary" aria-busy={busy}>
              <Words text={view.submit} />
            </button>
          )}
        </footer>
      </form>
    </Dialog>
  );
}

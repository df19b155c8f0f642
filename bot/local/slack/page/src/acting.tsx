// What a click does: where it is sent, and what is asked of the person first.

import { createContext, type ReactNode, useCallback, useContext, useRef, useState } from "react";
import { act } from "./api.ts";
import type { Confirm } from "./blocks/types.ts";
import { ConfirmDialog } from "./modal/ConfirmDialog.tsx";
import { useToast } from "./toasts.tsx";

export type Value = string | number | string[];

/** Touch an element. `value`: what was chosen; undefined for a button. */
export type Act = (element: { action_id: string; confirm?: Confirm }, blockId: string, value?: Value) => Promise<void>;

const Context = createContext<Act>(async () => undefined);
const Asking = createContext<(confirm: Confirm) => Promise<boolean>>(async () => false);

export const useAct = (): Act => useContext(Context);

/** Where the elements below stand: in a message, or in a view. */
export type Target = { channel: string; message_ts: string } | { view_id: string };

export function ActingOn({ user, target, children }: { user: string; target: Target; children: ReactNode }): ReactNode {
  const confirmed = useContext(Asking);
  const toast = useToast();
  const touch: Act = async (element, blockId, value) => {
    if (element.confirm && !(await confirmed(element.confirm))) return;
    const answer = await act("click", {
      user,
      action_id: element.action_id,
      block_id: blockId,
      ...target,
      ...(value === undefined ? {} : { value }),
    });
    // Slack's own word for an app that did not answer is told to the person by the workspace itself.
    if (!answer.ok && answer.error !== "operation_timeout") toast(answer.error ?? "That did not work.");
  };
  return <Context value={touch}>{children}</Context>;
}

/** Holds the one question that an element may ask before it is touched. */
export function Confirming({ children }: { children: ReactNode }): ReactNode {
  const [question, setQuestion] = useState<Confirm | null>(null);
  const answered = useRef<(yes: boolean) => void>(() => undefined);
  const ask = useCallback((confirm: Confirm): Promise<boolean> => {
    answered.current(false);
    return new Promise((resolve) => {
      answered.current = resolve;
      setQuestion(confirm);
    });
  }, []);
  const finish = (yes: boolean): void => {
    setQuestion(null);
    answered.current(yes);
  };
  return (
    <Asking value={ask}>
      {children}
      {question && <ConfirmDialog question={question} finish={finish} />}
    </Asking>
  );
}

import type { ReactNode } from "react";
import { Text, Words } from "../blocks/Drawn.tsx";
import type { Confirm } from "../blocks/types.ts";
import { Dialog } from "./Dialog.tsx";

export interface ConfirmDialogProps {
  question: Confirm;
  finish: (yes: boolean) => void;
}

export function ConfirmDialog({ question, finish }: ConfirmDialogProps): ReactNode {
  return (
    <Dialog className="dialog confirm" labelledBy="confirm-title" onCancel={() => finish(false)}>
      <h2 id="confirm-title">
        <Words text={question.title} />
      </h2>
      <Text text={question.text} />
      <div className="dialog-actions">
        <button type="button" className="action" onClick={() => finish(false)}>
          <Words text={question.deny} />
        </button>
        <button type="button" className={`action ${question.style ?? "primary"}`} onClick={() => finish(true)}>
          <Words text={question.confirm} />
        </button>
      </div>
    </Dialog>
  );
}

// The browser's own dialog: it keeps the focus inside and the page behind out of reach.

import { type ReactNode, useEffect, useRef } from "react";

export interface DialogProps {
  className: string;
  labelledBy: string;
  /** Escape was pressed. */
  onCancel: () => void;
  children: ReactNode;
}

export function Dialog({ className, labelledBy, onCancel, children }: DialogProps): ReactNode {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>(".field :is(input, select, textarea)")?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      className={className}
      aria-labelledby={labelledBy}
      onCancel={(event) => {
        event.preventDefault();
        onCancel();
      }}
    >
      {children}
    </dialog>
  );
}

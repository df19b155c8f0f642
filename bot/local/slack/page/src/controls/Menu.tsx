// A button with a menu under it. Escape and a click elsewhere close it.

import { type ReactNode, useEffect, useRef, useState } from "react";

export interface MenuItem {
  key: string;
  label: ReactNode;
  /** A quieter word beside the label. */
  hint?: string;
  danger?: boolean;
  onPick: () => void;
}

export interface MenuProps {
  label: string;
  face: ReactNode;
  className: string;
  action?: string;
  items: MenuItem[];
}

export function Menu({ label, face, className, action, items }: MenuProps): ReactNode {
  const [open, setOpen] = useState(false);
  const ref = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const close = (event: Event): void => {
      if (event instanceof KeyboardEvent ? event.key === "Escape" : !within(ref.current, event.target)) setOpen(false);
    };
    document.addEventListener("pointerdown", close);
    document.addEventListener("keydown", close);
    return () => {
      document.removeEventListener("pointerdown", close);
      document.removeEventListener("keydown", close);
    };
  }, [open]);
  return (
    <span className="menu" ref={ref}>
      <button
        type="button"
        className={className}
        aria-label={label}
        aria-haspopup="menu"
        aria-expanded={open}
        title={label}
        data-action={action}
        onClick={() => setOpen(!open)}
      >
        {face}
      </button>
      {open && (
        <div className="menu-list" role="menu" aria-label={label}>
          {items.map((item) => (
            <button
              key={item.key}
              type="button"
              role="menuitem"
              className={item.danger ? "danger" : ""}
              onClick={() => {
                setOpen(false);
                item.onPick();
              }}
            >
              <span>{item.label}</span>
              {item.hint && <small>{item.hint}</small>}
            </button>
          ))}
        </div>
      )}
    </span>
  );
}

const within = (holder: Node | null, target: EventTarget | null): boolean =>
  target instanceof Node && (holder?.contains(target) ?? false);

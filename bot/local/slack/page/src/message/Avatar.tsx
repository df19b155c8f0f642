import type { ReactNode } from "react";

const TINTS = 6;

/** A coloured letter: the same person always has the same colour. */
export function Avatar({ name, isApp, small = false }: { name: string; isApp: boolean; small?: boolean }): ReactNode {
  const seed = [...name].reduce((sum, letter) => sum + (letter.codePointAt(0) ?? 0), 0) % TINTS;
  return (
    <span className={`avatar tint-${isApp ? "app" : seed}${small ? " small" : ""}`} aria-hidden="true">
      {name.slice(0, 1).toUpperCase()}
    </span>
  );
}

// The bar over everything: whether the app is there, light or dark, and who looks.

import type { ReactNode } from "react";
import { Avatar } from "../message/Avatar.tsx";
import type { State } from "../store.ts";
import { type ThemeChoice, useThemeChoice } from "../theme.tsx";

export interface TopProps {
  state: State;
  onViewer: (id: string) => void;
  onMenu: () => void;
  menuOpen: boolean;
}

const NEXT: Record<ThemeChoice, ThemeChoice> = { system: "light", light: "dark", dark: "system" };
const FACE: Record<ThemeChoice, string> = { system: "◐", light: "☀", dark: "☾" };
const NAME: Record<ThemeChoice, string> = { system: "as the system", light: "light", dark: "dark" };

function connection({ link, workspace }: State): { text: string; off: boolean } {
  if (link === "lost") return { text: "reconnecting", off: true };
  if (workspace.mode === "http") return { text: "app over HTTP", off: false };
  if (workspace.connections === 0) return { text: "app not connected", off: true };
  return {
    text: workspace.connections === 1 ? "app connected" : `app connected (${workspace.connections})`,
    off: false,
  };
}

export function Top({ state, onViewer, onMenu, menuOpen }: TopProps): ReactNode {
  const [choice, setChoice] = useThemeChoice();
  const people = state.workspace.users.filter((user) => !user.is_bot);
  const viewer = people.find((user) => user.id === state.viewer);
  const { text, off } = connection(state);
  return (
    <header className="top">
      <button
        type="button"
        className="top-button menu-button"
        aria-label="Channels"
        aria-expanded={menuOpen}
        aria-controls="side"
        onClick={onMenu}
      >
        ☰
      </button>
      <span className="team">{state.workspace.team.name}</span>
      <span className={off ? "link off" : "link"} role="status">
        {text}
      </span>
      <button
        type="button"
        className="top-button"
        aria-label={`Colours: ${NAME[choice]}`}
        title={`Colours: ${NAME[choice]}`}
        onClick={() => setChoice(NEXT[choice])}
      >
        {FACE[choice]}
      </button>
      <label className="viewer">
        <span className="sr">Viewing as</span>
        {viewer && <Avatar name={viewer.real_name} isApp={false} small />}
        <select value={state.viewer} aria-label="Viewing as" onChange={(event) => onViewer(event.target.value)}>
          {people.map((user) => (
            <option key={user.id} value={user.id}>
              {user.real_name}
              {user.title ? ` (${user.title})` : ""}
            </option>
          ))}
        </select>
      </label>
    </header>
  );
}

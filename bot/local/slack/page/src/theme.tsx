// Light or dark: as the system is set, unless the person chose here.

import { createContext, type ReactNode, useContext, useEffect, useState } from "react";

export type Theme = "light" | "dark";
export type ThemeChoice = Theme | "system";

const KEY = "gavel.theme";
const DARK = "(prefers-color-scheme: dark)";

const Context = createContext<Theme>("light");
const Choice = createContext<[ThemeChoice, (choice: ThemeChoice) => void]>(["system", () => undefined]);

export const useTheme = (): Theme => useContext(Context);
export const useThemeChoice = (): [ThemeChoice, (choice: ThemeChoice) => void] => useContext(Choice);

function remembered(): ThemeChoice {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "system";
}

export function Themed({ children }: { children: ReactNode }): ReactNode {
  const [choice, setChoice] = useState(remembered);
  const [dark, setDark] = useState(() => matchMedia(DARK).matches);
  useEffect(() => {
    const query = matchMedia(DARK);
    const heard = (): void => setDark(query.matches);
    query.addEventListener("change", heard);
    return () => query.removeEventListener("change", heard);
  }, []);
  const theme = choice === "system" ? (dark ? "dark" : "light") : choice;
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    if (choice === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice);
  }, [theme, choice]);
  return (
    <Choice value={[choice, setChoice]}>
      <Context value={theme}>{children}</Context>
    </Choice>
  );
}

// Sentences in the corner, for a while.

import { createContext, type ReactNode, useCallback, useContext, useState } from "react";

const SECONDS = 8;

const Context = createContext<(text: string) => void>(() => undefined);

export const useToast = (): ((text: string) => void) => useContext(Context);

export function Toasts({ children }: { children: ReactNode }): ReactNode {
  const [shown, setShown] = useState<{ key: number; text: string }[]>([]);
  const say = useCallback((text: string): void => {
    const key = performance.now();
    setShown((before) => [...before.slice(-3), { key, text }]);
    window.setTimeout(() => setShown((before) => before.filter((each) => each.key !== key)), SECONDS * 1000);
  }, []);
  return (
    <Context value={say}>
      {children}
      <div className="toasts" role="alert">
        {shown.map((each) => (
          <div key={each.key} className="toast">
            {each.text}
          </div>
        ))}
      </div>
    </Context>
  );
}

import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";
import "./style/index.css";

// Before anything needs it: what Chromium has drawn as a box while the font was on its way can stay one.
void document.fonts.load("16px Twemoji", "👍");

const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);

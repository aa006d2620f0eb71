import "./styles/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { loadSession } from "./api/session";
import { startI18n } from "./i18n";

// Both are needed before anything can be said; they load side by side.
void loadSession();
await startI18n();

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

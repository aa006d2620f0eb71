import "./styles/base.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";
import { fetchScreen } from "./app/router";
import { loadSession } from "./api/session";
import { startI18n } from "./i18n";

// All of it is needed before anything can be said; it loads side by side.
void loadSession();
fetchScreen();
await startI18n();

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <App />
  </StrictMode>,
);

// The page's start: client, model, theme, and the first drawing.
import "../style/main.css";
import { render } from "preact";
import { Client } from "./client";
import { ModelContext } from "./hooks";
import { Model } from "./model";
import { applyTheme, readTheme } from "./theme";
import { App } from "./views/app";

applyTheme(readTheme());
const model = new Model(new Client((input, init) => fetch(input, init), sessionStorage));
model.start();
render(
  <ModelContext.Provider value={model}>
    <App />
  </ModelContext.Provider>,
  document.getElementById("app")!,
);

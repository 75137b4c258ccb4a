// What the views share: the model, the time, the route, and values that are read from the API.
import { createContext } from "preact";
import { useCallback, useContext, useEffect, useState } from "preact/hooks";
import type { Model } from "./model";
import { parseRoute, type Route } from "./route";

export const ModelContext = createContext<Model>(null as unknown as Model);

/** The model; the view is drawn again whenever it changes. */
export function useModel(): Model {
  const model = useContext(ModelContext);
  const [, draw] = useState(0);
  useEffect(() => model.subscribe(() => draw((count) => count + 1)), [model]);
  return model;
}

/** The server's time in milliseconds; the view is drawn again every second. */
export function useNow(): number {
  const model = useContext(ModelContext);
  const [now, setNow] = useState(model.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(model.now()), 1000);
    return () => clearInterval(timer);
  }, [model]);
  return now;
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const take = () => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", take);
    return () => removeEventListener("hashchange", take);
  }, []);
  return route;
}

export interface Loaded<T> {
  value: T | null;
  error: string;
  reload(): void;
}

/** What `read` gives, read anew when `key` changes; the old value stays until the new one is here. */
export function useLoaded<T>(read: (signal: AbortSignal) => Promise<T>, key: string): Loaded<T> {
  const model = useContext(ModelContext);
  const [state, setState] = useState<{ value: T | null; error: string }>({ value: null, error: "" });
  const [count, setCount] = useState(0);
  useEffect(() => {
    const controller = new AbortController();
    read(controller.signal).then(
      (value) => setState({ value, error: "" }),
      (error) => {
        if (!controller.signal.aborted) setState((old) => ({ ...old, error: model.failed(error) }));
      },
    );
    return () => controller.abort();
  }, [key, count]);
  return { ...state, reload: useCallback(() => setCount((old) => old + 1), []) };
}

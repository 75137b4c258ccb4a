// Calls of /api/v1: JSON in and out, the token, and errors as sentences.

import type { UploadState } from "./api";

/** Where the API is, relative to the page. */
export const base = "api/v1";

export type Trouble =
  | "offline" // no answer came
  | "token" // a token is needed
  | "forbidden" // this token may not, or nobody from there may
  | "missing" // there is no such thing
  | "changed" // somebody else changed it meanwhile
  | "refused" // what was sent is wrong
  | "server";

/** What went wrong with a call; the message is a sentence for people. */
export class ApiError extends Error {
  constructor(
    readonly trouble: Trouble,
    message: string,
    readonly status = 0,
  ) {
    super(message);
  }
}

/** Where the token is kept; sessionStorage in the browser. */
export interface Keep {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const tokenKey = "pixie-token";

export interface Answer<T> {
  value: T;
  etag: string | null;
}

interface Options {
  method?: string;
  body?: unknown;
  ifMatch?: string | null;
  signal?: AbortSignal;
}

export class Client {
  /** The server's clock minus ours, in milliseconds; 0 while they agree within two seconds. */
  skew = 0;

  constructor(
    private readonly fetcher: typeof fetch,
    private readonly keep: Keep,
  ) {}

  get token(): string {
    return this.keep.getItem(tokenKey) ?? "";
  }

  set token(text: string) {
    if (text) this.keep.setItem(tokenKey, text);
    else this.keep.removeItem(tokenKey);
  }

  async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return (await this.call<T>(path, signal ? { signal } : {})).value;
  }

  /** Fails with an ApiError, or with the signal's AbortError. A body of another kind than JSON comes as text. */
  async call<T>(path: string, options: Options = {}): Promise<Answer<T>> {
    const response = await this.send(path, "application/json", options);
    const text = await response.text().catch(() => {
      throw new ApiError("offline", "The connection broke before the whole answer was here.");
    });
    const type = response.headers.get("content-type") ?? "";
    const value = text !== "" && type.includes("json") ? parse(text) : text;
    return { value: value as T, etag: response.headers.get("etag") };
  }

  /** The raw answer, for streams. Anything but success is thrown. */
  async send(path: string, accept: string, options: Options = {}): Promise<Response> {
    const method = options.method ?? "GET";
    const headers: Record<string, string> = { accept };
    if (this.token) headers["authorization"] = `Bearer ${this.token}`;
    // A server without a token file wants this of every write: no form of another site can send it.
    if (method !== "GET") headers["content-type"] = "application/json";
    if (options.ifMatch) headers["if-match"] = options.ifMatch;
    const init: RequestInit = { method, headers, cache: "no-store", credentials: "omit", redirect: "error" };
    if (options.body !== undefined) init.body = JSON.stringify(options.body);
    if (options.signal) init.signal = options.signal;
    let response: Response;
    try {
      response = await this.fetcher(`${base}/${path}`, init);
    } catch (error) {
      if (options.signal?.aborted) throw error;
      throw new ApiError("offline", "The server does not answer.");
    }
    this.compareClocks(response.headers.get("date"));
    if (!response.ok) throw refusal(response.status, response.statusText, await response.text().catch(() => ""));
    return response;
  }

  /** Sends a part of a file. XMLHttpRequest tells how far it is, which fetch does not. */
  put(path: string, range: string, body: Blob | null, onSent: (bytes: number) => void, signal: AbortSignal): Promise<UploadState> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("PUT", `${base}/${path}`);
      request.setRequestHeader("Content-Range", range);
      if (this.token) request.setRequestHeader("Authorization", `Bearer ${this.token}`);
      request.upload.onprogress = (event) => onSent(event.loaded);
      request.onload = () => {
        try {
          if (request.status >= 400) throw refusal(request.status, request.statusText, request.responseText);
          resolve(parse(request.responseText) as UploadState);
        } catch (error) {
          reject(error as Error);
        }
      };
      request.onerror = request.onabort = () => reject(new ApiError("offline", "The connection broke."));
      signal.addEventListener("abort", () => request.abort());
      request.send(body);
    });
  }

  private compareClocks(date: string | null): void {
    const server = Date.parse(date ?? "");
    if (Number.isNaN(server)) return;
    const skew = server - Date.now();
    this.skew = Math.abs(skew) > 2000 ? skew : 0;
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError("server", "The server's answer is not JSON.");
  }
}

const troubles: Record<number, Trouble> = { 401: "token", 403: "forbidden", 404: "missing", 412: "changed" };

/** The error that an answer means: its problem document's words (RFC 9457), else the status's. */
function refusal(status: number, reason: string, body: string): ApiError {
  let said = "";
  try {
    const problem = JSON.parse(body) as { title?: unknown; detail?: unknown };
    said = [problem.detail, problem.title].find((text) => typeof text === "string" && text !== "") as string ?? "";
  } catch {
    // No problem document: the status has to do.
  }
  const trouble = troubles[status] ?? (status < 500 ? "refused" : "server");
  return new ApiError(trouble, said || `The server answered ${status} ${reason}`.trim() + ".", status);
}

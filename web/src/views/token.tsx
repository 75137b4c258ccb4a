// Where a token is entered when the server wants one. It is kept until the browser's tab is closed.
import { useState } from "preact/hooks";
import { useModel } from "../hooks";

export function TokenBox() {
  const model = useModel();
  const [text, setText] = useState("");
  const had = model.client.token !== "";
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (text.trim()) model.setToken(text.trim());
  };
  return (
    <form class="box token" onSubmit={submit}>
      <label for="token">
        {had ? "The token is not known here, or may not do this. Another one:" : "The server wants a token for this:"}
      </label>
      <input id="token" type="password" autocomplete="off" spellcheck={false} value={text}
        onInput={(event) => setText(event.currentTarget.value)} />
      <button class="primary" disabled={!text.trim()}>Use it</button>
      <span class="note">It is one of the file of <code>--api-tokens</code>, and kept until this tab is closed.</span>
    </form>
  );
}

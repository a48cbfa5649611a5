// Runs before the page's own scripts, and tells what answers come to it. `BINDING` is the function
// that carries it away. The page's requests stay its own: nothing is added to them or to their
// objects, and nothing that fails here reaches the page.
(() => {
  const tell = window['BINDING'];
  if (window !== window.top || typeof tell !== 'function') return;
  const ENDS = { answer: 'ANSWERS_END', models: 'MODELS_END' };
  const place = `${performance.timeOrigin}/${Math.random()}`;
  let count = 0;

  // What a request is for; undefined: nothing of ours.
  const ours = (method, url) => {
    try {
      if (String(method).toUpperCase() !== 'POST') return undefined;
      const path = new URL(url, document.baseURI).pathname;
      return Object.keys(ENDS).find((name) => path.endsWith(ENDS[name]));
    } catch {
      return undefined;
    }
  };

  const teller = () => {
    const id = `${place}/${(count += 1)}`;
    let order = 0;
    return (kind, value = null) => {
      try {
        Promise.resolve(tell([id, (order += 1), kind, value])).catch(() => {});
      } catch {
        // Nobody listens any more.
      }
    };
  };

  // That this is another document; a page that only changes its address does not come here.
  teller()('document');

  const base64 = (bytes) => {
    let text = '';
    for (let at = 0; at < bytes.length; at += 32768)
      text += String.fromCharCode.apply(null, bytes.subarray(at, at + 32768));
    return btoa(text);
  };

  // XMLHttpRequest

  const opened = new WeakMap();
  const followed = new WeakMap();
  const { open, send } = XMLHttpRequest.prototype;

  const whole = async (xhr, say) => {
    if (xhr.responseType === 'arraybuffer') say('bytes', base64(new Uint8Array(xhr.response)));
    else if (xhr.responseType === 'blob')
      say('bytes', base64(new Uint8Array(await xhr.response.arrayBuffer())));
    else if (xhr.responseType !== '' && xhr.responseType !== 'text') return say('unreadable');
    say('whole');
  };

  const follow = (xhr, what) => {
    const say = teller();
    const listeners = {};
    let answered = false;
    let seen = 0;
    const stop = () => {
      followed.delete(xhr);
      for (const [name, listener] of Object.entries(listeners))
        xhr.removeEventListener(name, listener);
    };
    const more = () => {
      if (!answered && xhr.readyState >= 2 && xhr.status > 0) {
        answered = true;
        say('status', xhr.status);
      }
      if (xhr.readyState >= 3 && (xhr.responseType === '' || xhr.responseType === 'text')) {
        const text = xhr.responseText;
        if (text.length > seen) say('text', text.slice(seen));
        seen = text.length;
      }
    };
    const ended = (event) => {
      stop();
      if (event.type !== 'load') return say(event.type === 'abort' ? 'stopped' : 'network');
      more();
      return whole(xhr, say);
    };
    const guarded = (work) => (event) => {
      const failed = () => say('unreadable');
      try {
        Promise.resolve(work(event)).catch(failed);
      } catch {
        failed();
      }
    };
    // Chromium and Firefox tell of every piece by `readystatechange`; `progress` comes less often.
    for (const name of ['readystatechange', 'progress']) listeners[name] = guarded(more);
    for (const name of ['load', 'abort', 'error', 'timeout']) listeners[name] = guarded(ended);
    for (const [name, listener] of Object.entries(listeners)) xhr.addEventListener(name, listener);
    followed.set(xhr, () => {
      stop();
      say('stopped');
    });
    say('sent', what);
    if (xhr.readyState === 4) listeners.load({ type: 'load' });
  };

  XMLHttpRequest.prototype.open = function (method, url) {
    const result = open.apply(this, arguments);
    // Opened anew, it says nothing of what it was about before.
    followed.get(this)?.();
    opened.set(this, ours(method, url));
    return result;
  };

  XMLHttpRequest.prototype.send = function () {
    const result = send.apply(this, arguments);
    const what = opened.get(this);
    if (what) follow(this, what);
    return result;
  };

  // fetch

  const read = async (answer, say) => {
    say('status', answer.status);
    const reader = answer.clone().body?.getReader();
    for (;;) {
      const piece = reader ? await reader.read() : { done: true };
      if (piece.done) return say('whole');
      say('bytes', base64(piece.value));
    }
  };

  const { fetch } = window;
  window.fetch = function (input) {
    const result = fetch.apply(this, arguments);
    const init = arguments[1];
    const request = input instanceof Request ? input : null;
    const what = ours(init?.method ?? request?.method ?? 'GET', request?.url ?? input);
    if (what) {
      const say = teller();
      say('sent', what);
      result
        .then((answer) => read(answer, say))
        .catch((error) => say(error?.name === 'AbortError' ? 'stopped' : 'network'));
    }
    return result;
  };
})();

// Runs in the frame of the operator's own applet, where AI Studio lets requests to the API
// through. It sends what it is told to and reports what comes; it keeps nothing.
(report) => {
  if (window.plugwayRelay) return;
  const API = 'https://generativelanguage.googleapis.com/v1beta/models';
  const running = new Map();
  window.plugwayRelay = {
    start(id, path, body) {
      const controller = new AbortController();
      running.set(id, controller);
      const say = (kind, more) => window[report]({ id, kind, ...more });
      const work = async () => {
        const response = await fetch(`${API}/${path}`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body,
          signal: controller.signal,
        });
        const after = response.headers.get('retry-after') || '';
        await say('status', { status: response.status, after });
        const reader = response.body.getReader();
        const decoder = new TextDecoder();
        for (;;) {
          const { done, value } = await reader.read();
          const text = decoder.decode(value, { stream: !done });
          // It is answered when there is room for more, so this reads no faster than its reader.
          if (text) await say('text', { text });
          if (done) break;
        }
        await say('end', {});
      };
      work()
        .catch(() => say('failed', {}))
        .finally(() => running.delete(id))
        .catch(() => {});
    },
    stop(id) {
      const controller = running.get(id);
      if (controller) controller.abort();
    },
    async models(most) {
      const response = await fetch(`${API}?pageSize=1000`);
      const text = response.ok ? await response.text() : '';
      return { status: response.status, text: text.length > most ? '' : text };
    },
  };
}

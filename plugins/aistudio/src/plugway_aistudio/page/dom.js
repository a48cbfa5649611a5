// Does an order in the page, in one go: steps, then waiting for a condition, then a look.
//
// order: {parts: {name: [[css, text], ...]}, hidden: [name, ...], steps: [...], until: [[...], ...],
//         millis: number, look: [name, ...]}
// answer: {steps: [...], met: number, seen: {name: {...}}, url: string}
async (order) => {
  const squeezed = (text) => text.replace(/\s+/g, ' ').trim();

  const rendered = (element) => {
    if (!element.isConnected) return false;
    if (element.checkVisibility && !element.checkVisibility({ checkVisibilityCSS: true })) {
      return false;
    }
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0;
  };

  const all = (name) => {
    const ways = order.parts[name];
    const hidden = order.hidden.includes(name);
    for (let at = 0; at < ways.length; at += 1) {
      const [css, text] = ways[at];
      let found;
      try {
        found = [...document.querySelectorAll(css)];
      } catch {
        throw new Error(`selector ${name} ${at} is not CSS`);
      }
      if (text) {
        const wanted = text.toLowerCase();
        found = found.filter((one) => squeezed(one.textContent).toLowerCase().includes(wanted));
      }
      if (!hidden) found = found.filter(rendered);
      if (found.length) return { at, found };
    }
    return null;
  };

  const disabled = (element) =>
    element.disabled === true ||
    element.getAttribute('aria-disabled') === 'true' ||
    element.closest('fieldset:disabled') !== null;

  const flag = (element, name) => {
    const holder = element.hasAttribute(name) ? element : element.querySelector(`[${name}]`);
    const value = holder && holder.getAttribute(name);
    return value === 'true' ? true : value === 'false' ? false : null;
  };

  const on = (element) => {
    const checked = flag(element, 'aria-checked') ?? flag(element, 'aria-pressed');
    if (checked !== null) return checked;
    const box = element.matches('input[type=checkbox]')
      ? element
      : element.querySelector('input[type=checkbox]');
    return box ? box.checked : null;
  };

  const words = (element) => squeezed(element.innerText || element.textContent || '');

  const seen = (name) => {
    const hit = all(name);
    if (!hit) return null;
    const first = hit.found[0];
    const value = typeof first.value === 'string' ? first.value : '';
    const box = first.getBoundingClientRect();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const top = document.elementFromPoint(x, y);
    return {
      at: hit.at,
      count: hit.found.length,
      value: value.slice(0, 4096),
      length: value.length,
      text: words(first).slice(0, 4096),
      texts: hit.found.slice(0, 100).map((one) => words(one).slice(0, 4096)),
      on: on(first),
      expanded: flag(first, 'aria-expanded'),
      disabled: disabled(first),
      covered: !top || !first.contains(top),
      x,
      y,
    };
  };

  const press = (element) => {
    element.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    const box = element.getBoundingClientRect();
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    // What a person would hit is often a child, and only that one listens.
    (top && element.contains(top) ? top : element).click();
  };

  const put = (element, value) => {
    const kind = element instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
    element.focus();
    // The prototype's setter: some frameworks watch the element's own.
    Object.getOwnPropertyDescriptor(kind.prototype, 'value').set.call(element, value);
    element.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'insertText' }));
    element.dispatchEvent(new Event('change', { bubbles: true }));
  };

  const pause = (millis) => new Promise((done) => setTimeout(done, millis));

  const does = {
    click: (element) => press(element),
    remove: (element) => element.remove(),
    select: (element) => element.focus(),
    set: (element, step) => {
      if (element.value !== step.value) put(element, step.value);
      if (step.blur) element.blur();
    },
    enter: (element, step) => {
      put(element, step.value);
      const key = { key: 'Enter', code: 'Enter', keyCode: 13, which: 13 };
      for (const kind of ['keydown', 'keypress', 'keyup']) {
        element.dispatchEvent(new KeyboardEvent(kind, { ...key, bubbles: true, cancelable: true }));
      }
    },
  };

  const holds = (condition) => {
    const hit = all(condition.name);
    if (condition.is === 'gone') return hit === null;
    if (hit === null) return false;
    const first = hit.found[0];
    switch (condition.is) {
      case 'shown':
        return true;
      case 'enabled':
        return !disabled(first);
      case 'disabled':
        return disabled(first);
      case 'on':
        return on(first) === true;
      case 'off':
        return on(first) === false;
      case 'value':
        return first.value === condition.value;
      case 'text':
        return words(first).toLowerCase() === condition.value.toLowerCase();
      case 'number':
        return first.value !== '' && Number(first.value) === condition.value;
      case 'count':
        return hit.found.length === condition.value;
      default:
        throw new Error(`there is no condition ${condition.is}`);
    }
  };

  const met = () => order.until.findIndex((group) => group.every(holds));

  const done = [];
  for (const step of order.steps) {
    const hit = all(step.name);
    let elements = hit ? hit.found : [];
    if (step.text) {
      const wanted = step.text.toLowerCase();
      elements = elements.filter((one) => squeezed(one.textContent).toLowerCase().includes(wanted));
    }
    if (elements.length) {
      // Of the last: what is removed by a click does not move the others.
      const chosen = step.every ? elements.reverse() : [elements[0]];
      for (const element of chosen) does[step.does](element, step);
      // The page's framework draws what has changed.
      await pause(0);
    }
    done.push(elements.length > 0);
  }
  let answer = met();
  const end = performance.now() + order.millis;
  while (order.until.length && answer < 0 && performance.now() < end) {
    await pause(10);
    answer = met();
  }
  const found = {};
  for (const name of order.look) found[name] = seen(name);
  return { steps: done, met: answer, seen: found, url: location.href };
}

// Reads the arrays of the service, in which nulls may be left out.

const GUARD = ")]}'";

/** Parses a whole array. */
export function parse(text) {
  const plain = text.startsWith(GUARD) ? text.slice(GUARD.length) : text;
  return JSON.parse(full(plain.trim()));
}

/** Writes the nulls that were left out, outside of strings. */
export function full(text) {
  let out = "";
  let inside = false;
  let last = "";
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (inside) {
      out += sign;
      if (sign === "\\") out += text[++at];
      else if (sign === '"') inside = false;
      continue;
    }
    if (sign === '"') inside = true;
    if ((sign === "," && (last === "[" || last === ",")) || (sign === "]" && last === ",")) {
      out += "null";
    }
    out += sign;
    if (sign.trim()) last = sign;
  }
  return out;
}

/** Gives the frames of an answer as soon as each is whole: those of the first inner array. */
export class Frames {
  constructor() {
    this.read = 0;
    this.depth = 0;
    this.began = -1;
    this.inside = false;
    this.closed = false;
  }

  /** Takes the whole text so far, and gives the frames that are new; those before an error too. */
  *take(text) {
    for (; this.read < text.length; this.read++) {
      const sign = text[this.read];
      if (this.inside) {
        if (sign === "\\") {
          if (this.read + 1 >= text.length) break;
          this.read++;
        } else if (sign === '"') this.inside = false;
      } else if (sign === '"') this.inside = true;
      else if (sign === "[") {
        this.depth++;
        if (this.depth === 3 && !this.closed) this.began = this.read;
      } else if (sign === "]") {
        this.depth--;
        if (this.depth < 0) throw new SyntaxError("an array ends that did not begin");
        if (this.depth === 2 && this.began >= 0) {
          yield JSON.parse(full(text.slice(this.began, this.read + 1)));
          this.began = -1;
        }
        // What follows the frames in the outer array is none of them.
        if (this.depth === 1) this.closed = true;
      }
    }
  }
}

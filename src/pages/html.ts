/** Markup that cannot be injected into: everything interpolated is escaped, save what this module itself made. */

// SECURITY: the mark of safe markup is a private field. An object that came out of JSON or a form cannot have it,
// whatever its keys are, so no value from outside ever passes unescaped.
class Markup {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  static isMarkup(value: object): value is Markup {
    return #text in value
  }

  toString(): string {
    return this.#text
  }
}

/** Safe markup. Only `html` makes it. */
export type Html = Markup

/** What may stand in a `${…}` of `html`. `null`, `undefined`, `false` and `''` leave nothing. */
export type HtmlValue = Html | string | number | false | null | undefined | readonly HtmlValue[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
  // Browsers drop or replace NUL depending on the parser's state: give them one thing to see.
  '\0': '\uFFFD',
}

/** A text that is only text, in element content and in a quoted attribute alike. */
export function escapeHtml(text: string): string {
  return text.toWellFormed().replace(/[&<>"'`\0]/g, (character) => entities[character] ?? '')
}

function render(value: HtmlValue): string {
  if (value === null || value === undefined || value === false) return ''
  if (typeof value === 'string') return escapeHtml(value)
  if (typeof value === 'number') return String(value)
  if (Array.isArray(value)) return value.map(render).join('')
  if (typeof value === 'object' && Markup.isMarkup(value)) return value.toString()
  throw new TypeError(`html takes text, numbers, markup and lists of these; it was given a ${typeof value}`)
}

/**
 * Safe markup from a template. Interpolations are escaped for element content and for quoted attribute values; markup
 * and lists of it pass as they are. Throws for an interpolation in an unquoted attribute value, where a space would be
 * enough to break out.
 */
export function html(template: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = template[0] ?? ''
  for (const [index, value] of values.entries()) {
    if (/=\s*$/.test(template[index] ?? '')) throw new TypeError('html: put quotes round an attribute value')
    text += render(value) + (template[index + 1] ?? '')
  }
  return new Markup(text)
}

/** A sentence with `code` between backticks, as markup. */
export function prose(sentence: string): Html {
  const parts = sentence.split('`')
  return html`${parts.map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))}`
}

import { type Html, html } from './html.ts'
import { icon, mark } from './mark.ts'
import { style } from './style.ts'

export interface LayoutOptions {
  readonly language: string
  readonly title: string
  readonly app: string
  /** The only nonce a style of this page may carry. */
  readonly nonce: string
  readonly main: Html
  /** `text`: words to read, set a little wider. @default `form` */
  readonly shape?: 'form' | 'text'
  /** The address of the page's one script; pages that need none have none. */
  readonly script?: string | undefined
  readonly footer?: Html | undefined
  /** Seconds until the browser loads the page again. */
  readonly refresh?: number | undefined
}

/** The one frame round all our pages: no script save ours for passkeys, nothing loaded from elsewhere. */
export function layout(options: LayoutOptions): Html {
  const shape = options.shape === 'text' ? 'text wide' : 'form'
  return html`<!doctype html>
<html lang="${options.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
${options.refresh !== undefined && html`<meta http-equiv="refresh" content="${options.refresh}">`}
<title>${options.title === options.app ? options.title : `${options.title} · ${options.app}`}</title>
${icon}
<style nonce="${options.nonce}">${style}</style>
</head>
<body>
<main class="${shape}">
<div class="card">
${mark}
${options.main}
</div>
${options.footer && html`<footer>${options.footer}</footer>`}
</main>
${options.script !== undefined && html`<script src="${options.script}" nonce="${options.nonce}"></script>`}
</body>
</html>
`
}

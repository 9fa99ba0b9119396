import type { RequestHeaders } from '../core/csrf.ts'
import { type Html, html, prose } from './html.ts'
import { textsFor } from './language.ts'
import { layout } from './layout.ts'
import { ownPath } from './own-path.ts'
import { type Page, type PageContext, pageResponse, problemResponse } from './page-response.ts'
import { type ProblemCode, problemStatus } from './problem-code.ts'
import type { Texts } from './texts.ts'

export interface ProblemOptions extends PageContext {
  readonly code: ProblemCode
  /** Finds the request in the logs, and tells nothing else. */
  readonly requestId: string
  /** Seconds until it is worth trying again. */
  readonly retryAfter?: number | undefined
  /** The path asked for, to come back to after sign-in, as `returnPath` gave it. @default the app */
  readonly returnTo?: string | undefined
  /** More headers, such as `allow`. Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>
}

// Where a client is told when to come back even if the caller has no better figure.
const defaultRetry: Partial<Record<ProblemCode, number>> = {
  'app-unreachable': 3,
  unavailable: 5,
  'too-many-requests': 30,
}
// Pages that load themselves again: what is wrong heals without the person. Never where loading again costs something.
const reloading: ReadonlySet<ProblemCode> = new Set(['app-unreachable', 'unavailable'])

const vary = 'Accept, Accept-Language, Sec-Fetch-Dest'

function retrySeconds(options: ProblemOptions): number | undefined {
  const seconds = options.retryAfter ?? defaultRetry[options.code]
  return seconds === undefined ? undefined : Math.max(1, Math.ceil(seconds))
}

function headersOf(options: ProblemOptions, texts: Texts): Record<string, string> {
  const retry = retrySeconds(options)
  return {
    ...options.headers,
    ...(retry === undefined ? {} : { 'retry-after': String(retry) }),
    // RFC 9110 §15.5.2 wants a challenge with every 401; browsers ignore schemes they do not know.
    ...(problemStatus[options.code] === 401 ? { 'www-authenticate': 'Holdfast' } : {}),
    'content-language': texts.language,
    vary,
  }
}

function actions(options: ProblemOptions, texts: Texts): Html | null {
  const { base, code, returnTo = `${base}/` } = options
  const home = html`<a class="button" href="${base}/">${texts.actions.home(options.app)}</a>`
  // An empty reference is the page's own address.
  const again = html`<a class="button" href="">${texts.actions.again}</a>`
  switch (code) {
    case 'sign-in-required': {
      const href = `${ownPath(base, 'sign-in')}?return_to=${encodeURIComponent(returnTo)}`
      return html`<a class="button" href="${href}">${texts.actions.signIn}</a>`
    }
    case 'forbidden':
      return html`${home}<a class="button quiet" href="${ownPath(base, 'sign-out')}">${texts.actions.otherAccount}</a>`
    case 'bad-request':
    case 'not-found':
    case 'method-not-allowed':
    case 'cross-origin':
      return home
    case 'step-up-required':
    case 'internal':
    case 'too-many-requests':
    case 'headers-too-large':
    case 'app-timeout':
      return again
    default:
      return null
  }
}

/** The problem as a page, in plain words. */
export function problemPage(options: ProblemOptions): Page {
  const texts = textsFor(options.acceptLanguage)
  const { title, detail } = texts.problem[options.code]
  const reloads = reloading.has(options.code)
  const links = actions(options, texts)
  const main = html`<h1>${title}</h1>
${detail.map((paragraph) => html`<p>${prose(paragraph)}</p>`)}
${options.code === 'too-many-requests' && html`<p>${texts.tryAgainIn(retrySeconds(options) ?? 1)}</p>`}
${reloads && html`<p>${texts.reloads}</p>`}
${links && html`<div class="actions">${links}</div>`}`
  return pageResponse({
    status: problemStatus[options.code],
    secure: options.secure,
    form: false,
    headers: headersOf(options, texts),
    document: (nonce) =>
      layout({
        language: texts.language,
        title,
        app: options.app,
        nonce,
        main,
        shape: 'text',
        footer: html`${texts.reference} <code>${options.requestId}</code>`,
        refresh: reloads ? retrySeconds(options) : undefined,
      }),
  })
}

/** The problem for programs: `application/problem+json` (RFC 9457), with the stable `code` besides. */
export function problemJson(options: ProblemOptions): Page {
  const texts = textsFor(options.acceptLanguage)
  const { title, detail } = texts.problem[options.code]
  const status = problemStatus[options.code]
  return problemResponse(
    status,
    options.secure,
    {
      type: `urn:holdfast:problem:${options.code}`,
      title,
      status,
      detail: detail.join(' '),
      instance: `urn:holdfast:request:${encodeURIComponent(options.requestId)}`,
      code: options.code,
    },
    headersOf(options, texts),
  )
}

/**
 * Whether whoever asks is a person looking at a window: `Sec-Fetch-Dest` tells where it is sent, else `Accept` must
 * name HTML, and not after JSON.
 */
export function wantsPage(headers: RequestHeaders): boolean {
  const destination = headers['sec-fetch-dest']
  if (typeof destination === 'string') return ['document', 'iframe', 'frame'].includes(destination)
  const accept = String(headers.accept ?? '').toLowerCase()
  const page = accept.search(/\btext\/html\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|$))/)
  const json = accept.search(/\bapplication\/(?:[a-z.-]+\+)?json\b/)
  return page !== -1 && (json === -1 || page < json)
}

/** The problem in the form that suits the request. */
export function problem(options: ProblemOptions, headers: RequestHeaders): Page {
  return wantsPage(headers) ? problemPage(options) : problemJson(options)
}

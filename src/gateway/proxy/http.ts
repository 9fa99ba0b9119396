/** One HTTP request to the upstream and its answer back: streaming both ways, bounded waits, nothing buffered. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { buildConnector, type Dispatcher, Pool } from 'undici'
import { UpstreamError } from '../../core/errors.ts'
import { type HeaderList, type ResponseHeaderOptions, responseHeaders } from './headers.ts'
import { headInjection } from './injection.ts'

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly path: string
  readonly headers: HeaderList
  readonly guarded: boolean
  readonly document: boolean
  readonly secure: boolean
  /** The base path of the public URL. */
  readonly base: string
  /** Goes into HTML documents right after `<head>`; `null` leaves the body as it is. */
  readonly snippet: string | null
  /** Set-Cookie lines of ours for the browser. */
  readonly setCookie: readonly string[]
  /** Called when no answer could be had and none was begun. */
  onFailure(error: UpstreamError): void
  /**
   * Called before that where no connection could be had, so that nothing of the request was sent, its body included; true
   * if somebody else is asked in this one's place.
   */
  onUnreached?(error: UpstreamError): boolean
  /** Called when an answer begins; `streaming` if it may last longer than a moment. */
  onAnswer?(streaming: boolean): void
}

/** Forwards to one upstream over kept-alive connections. */
export interface HttpProxy {
  forward(exchange: Exchange): void
  close(): Promise<void>
}

export interface HttpProxyOptions {
  readonly upstream: URL
  /** How long the upstream may take to begin its answer, in milliseconds. @default 300000 */
  readonly headersTimeout?: number
  /** How long a connection may take, in milliseconds. @default 5000 */
  readonly connectTimeout?: number
}

const bodiless = new Set(['GET', 'HEAD'])
const longBody = 1_048_576

export function httpProxy(options: HttpProxyOptions): HttpProxy {
  const pool = new Pool(options.upstream.origin, {
    pipelining: 1,
    headersTimeout: options.headersTimeout ?? 300_000,
    // An event stream may be silent for hours; the client's own socket ends it.
    bodyTimeout: 0,
    keepAliveTimeout: 4_000,
    connect: appConnector(options.connectTimeout ?? 5_000),
  })

  const dispatch = (exchange: Exchange, retried: boolean): void => {
    const { request, path, headers } = exchange
    const method = request.method ?? 'GET'
    // A GET may carry a body; its framing is kept, not dropped (request smuggling: the body would be the next request).
    const hasBody =
      request.headers['content-length'] !== undefined || request.headers['transfer-encoding'] !== undefined
    const retry = !retried && !hasBody && bodiless.has(method) ? () => dispatch(exchange, true) : null
    const handler = answer(exchange, retry)
    try {
      pool.dispatch(
        { method: method as Dispatcher.HttpMethod, path, headers, body: hasBody ? request : null },
        handler,
      )
    } catch (error) {
      exchange.onFailure(failure(error))
    }
  }

  return {
    forward: (exchange) => dispatch(exchange, false),
    close: () => pool.destroy(),
  }
}

// undici holds a certificate against the Host header, which is the browser's here: it must be the app's own name.
function appConnector(timeout: number): buildConnector.connector {
  const connect = buildConnector({ timeout })
  return (options, callback) => connect({ ...options, servername: '' }, callback)
}

function answer(exchange: Exchange, retry: (() => void) | null): Dispatcher.DispatchHandler {
  const { request, response } = exchange
  const injection = exchange.snippet === null ? null : headInjection(exchange.snippet)
  let injecting = false
  let reached = false
  let begun = false
  let over = false
  let control: Dispatcher.DispatchController | null = null

  const gone = (): void => {
    if (!over) control?.abort(new Error('The client went away.'))
  }

  const finish = (): void => {
    over = true
    response.off('close', gone)
  }

  return {
    onRequestStart(controller) {
      reached = true
      control = controller
      if (response.destroyed) gone()
      else response.on('close', gone)
    },

    onResponseStart(_controller, status, headers, statusMessage) {
      // 100 and 103 are between us and the upstream.
      if (status < 200) return
      begun = true
      injecting = injection !== null && isPlainHtml(status, headers)
      const { guarded, document, secure, path, base } = exchange
      const options: ResponseHeaderOptions = {
        rewritten: injecting,
        guarded,
        document: document || isHtml(headers),
        ...{ secure, path, base },
      }
      const out = responseHeaders(headers, options)
      if (exchange.setCookie.length > 0) {
        out['set-cookie'] = [...[out['set-cookie'] ?? []].flat(), ...exchange.setCookie]
      }
      response.writeHead(status, plainReason(statusMessage), out)
      const streaming = isStreaming(headers)
      exchange.onAnswer?.(streaming)
      // Node keeps a head back until there is a body: a page that opens an event stream would wait for its first event.
      if (streaming) setImmediate(() => response.flushHeaders())
    },

    onResponseData(controller, chunk) {
      const piece = injecting && injection !== null ? injection.push(chunk) : chunk
      if (piece === null || response.write(piece)) return
      controller.pause()
      response.once('drain', () => controller.resume())
    },

    onResponseEnd() {
      finish()
      const rest = injecting && injection !== null ? injection.end() : null
      response.end(rest ?? undefined)
    },

    onResponseError(_controller, error) {
      if (over) return
      finish()
      if (response.destroyed) return
      if (begun) {
        // The answer was cut off: so must ours be, or half a page would pass for a whole one.
        response.destroy()
        return
      }
      // Not even a body that has no second beginning was touched.
      if (!reached && isOfConnection(error) && exchange.onUnreached?.(failure(error)) === true) return
      // The upstream closed a kept-alive connection in the moment we used it: nothing was answered, nothing was done.
      if (retry !== null && (error as { code?: string }).code === 'UND_ERR_SOCKET') retry()
      else exchange.onFailure(failure(error))
      request.resume()
    },
  }
}

// SECURITY: undici also refuses requests that it holds to be wrong, before it connects. Taken for an instance that is away,
// one such request would move everybody from one to the next.
function isOfConnection(error: unknown): boolean {
  const code = String((error as { code?: unknown }).code ?? '')
  return code === 'UND_ERR_CONNECT_TIMEOUT' || !code.startsWith('UND_ERR_')
}

// The words behind a status mean nothing (RFC 9112 §4), and must not be why an answer cannot be written.
function plainReason(words: string | undefined): string {
  return words !== undefined && /^[\x20-\x7e]*$/.test(words) ? words : ''
}

type Headers = Readonly<Record<string, string | string[] | undefined>>

function isHtml(headers: Headers): boolean {
  return String(headers['content-type'] ?? '')
    .toLowerCase()
    .startsWith('text/html')
}

function isPlainHtml(status: number, headers: Headers): boolean {
  return (
    status !== 204 &&
    status !== 206 &&
    status !== 304 &&
    isHtml(headers) &&
    headers['content-encoding'] === undefined
  )
}

function isStreaming(headers: Headers): boolean {
  const length = headers['content-length']
  return length === undefined || Number(length) > longBody
}

function failure(cause: unknown): UpstreamError {
  const code = (cause as { code?: string }).code ?? ''
  const message = cause instanceof Error ? cause.message : 'unknown'
  if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') {
    return new UpstreamError('ERR_UPSTREAM_TIMEOUT', `The app did not answer in time (${code}).`, { cause })
  }
  if (
    code.startsWith('HPE_') ||
    code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' ||
    code === 'UND_ERR_HEADERS_OVERFLOW'
  ) {
    return new UpstreamError('ERR_UPSTREAM_PROTOCOL', `The app's answer is not valid HTTP (${code}).`, {
      cause,
    })
  }
  return new UpstreamError('ERR_UPSTREAM_UNREACHABLE', `The app cannot be reached: ${message}.`, { cause })
}

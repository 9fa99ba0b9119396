import { type HeldSockets, heldSockets } from './held-socket.ts'

/** What the page's sockets need of the rest. */
export interface SocketOptions {
  /** The tab id, where it is known now and no socket has to wait. */
  readonly tab: () => string | null
  /** Settles when sockets may connect; by then `tab` knows. */
  readonly ready: () => Promise<unknown>
  readonly onClose: (code: number) => void
}

/** The address with the tab id in its query, for the gateway, which takes it out again. */
function withTab(url: string, tab: string | null): string {
  const target = new URL(url)
  target.search += `${target.search && '&'}_holdfast_tab=${tab}`
  return target.href
}

/** The absolute address if it leads to our own origin; `null` for all others and for what is no address. */
function ownAddress(url: unknown): string | null {
  try {
    const { href, origin, hash } = new URL(url as string, document.baseURI)
    // A fragment is an error the native constructor knows how to report.
    return origin.replace('ws', 'http') === location.origin && hash === '' ? href : null
  } catch {
    return null
  }
}

/**
 * Puts the tab id on every WebSocket the page opens to its own origin. The usual socket is a native one, made
 * at once; only while the tab id is being settled the page gets a held one.
 */
export function wrapWebSocket(native: typeof WebSocket, options: SocketOptions): void {
  let sockets: HeldSockets | null = null
  const held = (): HeldSockets => {
    sockets ??= heldSockets(native)
    return sockets
  }
  // Before the page runs: libraries keep copies of the prototype's members.
  if (options.tab() === null) held()

  const wrapped = new Proxy(native, {
    construct(target, values: [unknown, ...unknown[]], newTarget) {
      const [given, ...rest] = values
      const url = values.length === 0 ? null : ownAddress(given)
      if (url === null) return Reflect.construct(target, values, newTarget)
      const tab = options.tab()
      const socket: WebSocket =
        tab !== null
          ? Reflect.construct(target, [withTab(url, tab), ...rest], newTarget)
          : held().hold({
              url: url.replace('http', 'ws'),
              newTarget,
              ready: options.ready(),
              connect: () => Reflect.construct(target, [withTab(url, options.tab()), ...rest]),
            })
      socket.addEventListener('close', ({ code }) => options.onClose(code))
      return socket
    },
  })
  native.prototype.constructor = wrapped
  window.WebSocket = wrapped
}

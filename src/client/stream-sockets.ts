/** Streamlit's sockets of this page. */
export interface StreamSockets {
  /** Called with each, before anybody else listens to it. */
  readonly onOpen: (socket: WebSocket) => void
  /** Said to the gateway by each, and taken out there. */
  readonly secret: string
}

function isStream(url: unknown): boolean {
  try {
    const { origin, pathname } = new URL(url as string, document.baseURI)
    return origin.replace(/^ws/, 'http') === location.origin && pathname.endsWith('/_stcore/stream')
  } catch {
    return false
  }
}

/** Has the page's stream sockets say the page's secret. In a header and not in the address: addresses are logged. */
export function watchStreams({ onOpen, secret }: StreamSockets): void {
  window.WebSocket = new Proxy(window.WebSocket, {
    construct(target, values: [unknown, ...unknown[]], newTarget) {
      const [url, protocols] = values
      if (!Array.isArray(protocols) || !isStream(url)) return Reflect.construct(target, values, newTarget)
      const socket = Reflect.construct(target, [url, [...protocols, `holdfast-page.${secret}`]], newTarget)
      onOpen(socket)
      return socket
    },
  })
}

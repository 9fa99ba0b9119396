import type { Deadlines } from './deadline.ts'

/** What the gateway and the neighbours have to say. */
export type Message = { readonly type: 'signed-out' } | ({ readonly type: 'deadlines' } & Deadlines)

/** The other tabs of this browser that show the same gateway. */
export interface Neighbours {
  open(): void
  /** Stops listening; an open channel would keep the page out of the back/forward cache. */
  close(): void
  tell(message: Message): void
}

/** A channel to the neighbours; mute in browsers without BroadcastChannel. */
export function neighbours(base: string, hear: (message: Message) => unknown): Neighbours {
  let channel: BroadcastChannel | null = null

  return {
    open() {
      channel ??= new BroadcastChannel(`holdfast${base}`)
      channel.onmessage = (event) => hear(event.data)
    },
    close() {
      channel?.close()
      channel = null
    },
    tell(message) {
      channel?.postMessage(message)
    },
  }
}

/** Asks the store itself, past every replica and link, whether it stands still on its own. */
import type { Backend } from './backend.ts'
import type { Recorder } from './recorder.ts'

const everyMs = 200
// A call of the store may take a second. One that needs half of that for a single write is not well.
const slowMs = 500

export interface StoreWatch {
  /** Resolves when nothing more is written. */
  stop(): Promise<void>
}

/** Until it is told to stop. What the suite does to the store shows here too, and is a fault anyway. */
export function watchStore({ write }: Backend, recorder: Recorder): StoreWatch {
  let isOver = false
  const watch = async (): Promise<void> => {
    while (!isOver) {
      const began = recorder.now()
      // A store that refuses is no excuse.
      const isKept = await write().then(
        () => true,
        () => false,
      )
      const ended = recorder.now()
      if (isKept && ended - began > slowMs) recorder.stall({ of: 'store', began, ended })
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }
  const watching = watch()
  return {
    stop() {
      isOver = true
      return watching
    },
  }
}

import { keepToken } from './address.ts'
import { type ClientConfig, readConfig } from './config.ts'
import { type KeptWidgets, keptWidgetsPlace } from './kept-widgets.ts'
import { watchSignIn } from './page-sign-in.ts'
import { afterReruns } from './reruns.ts'
import { type WidgetManager, widgetManager } from './widget-manager.ts'
import { type GivenValues, isOfSession, widgetValues } from './widget-values.ts'

// Tells the hook in Streamlit's server that the page shows this upload widget's files: if it then reports none, the
// person took them away. The hook keeps it to itself (`_restore.py`).
const SHOWN = 'holdfast-shown '

interface Seed extends GivenValues {
  /** Leaves the page to itself. */
  end(): void
}

/** Puts what the page before held into Streamlit's manager, before the first widget is drawn. */
function seed(manager: WidgetManager, { values }: KeptWidgets, message: string): Seed {
  const { removeInactive, widgetStates } = manager
  const ids: string[] = []
  let isDrawn = false
  const set = (id: string, value: object): void => {
    const state = widgetStates.createState(id)
    try {
      // Its own classes all the way down: an upload widget reports any other as a change, and the script runs twice.
      Object.assign(state, state.constructor.fromObject({ id, ...value }))
      // Of a 64-bit integer that makes an object, which the widget cannot draw.
      for (const file of state.fileUploaderStateValue?.uploadedFileInfo ?? []) file.size = Number(file.size)
      ids.push(id)
    } catch {
      widgetStates.deleteState(id)
    }
  }
  for (const [id, value] of Object.entries(values)) {
    if (widgetStates.getState(id) || !isOfSession(value, message)) continue
    set(id, value)
    if ('fileUploaderStateValue' in value) set(SHOWN + id, { boolValue: true })
  }
  // Before a run draws its widgets, none is active, and everything would be forgotten.
  manager.removeInactive = (drawn) => {
    isDrawn ||= drawn.size > 0
    removeInactive.call(manager, new Set([...drawn, ...ids]))
  }
  return {
    ids,
    get isDrawn() {
      return isDrawn
    },
    end() {
      manager.removeInactive = removeInactive
    },
  }
}

function start(config: ClientConfig): void {
  let place = keptWidgetsPlace(config.mark)
  let left = place.take()
  let tab: string | null = null
  let seeded: Seed | null = null

  const seedAt = (socket: WebSocket, kept: KeptWidgets): void => {
    const onMessage = ({ data }: MessageEvent<ArrayBuffer>): void => {
      if (left === null) return
      left = null
      try {
        const manager = widgetManager()
        if (manager !== null) seeded = seed(manager, kept, new TextDecoder('latin1').decode(data))
      } catch {
        // This Streamlit is not one we know: it draws the widgets as it would without us.
      }
    }
    // Capturing: before the page's own listener, which was there first.
    socket.addEventListener('message', onMessage, { once: true, capture: true })
  }

  watchSignIn(config, ({ mark }) => {
    place = keptWidgetsPlace(mark)
  })

  // Not before the first request is out: one that carries widgets is taken for a page that only lost its connection.
  afterReruns((socket) => {
    if (seeded !== null) {
      seeded.end()
      return false
    }
    if (tab === null) {
      tab = new URL(socket.url).searchParams.get('_holdfast_tab')
      if (left?.tab !== tab) left = null
    }
    if (left !== null) seedAt(socket, left)
    return left !== null
  })

  addEventListener('pagehide', () => {
    try {
      // The curtain. Drawn before the page goes, it means that nobody is signed in here any more, as far as anyone
      // knows; the main script, which draws it when the page goes, is told after this one.
      if (document.documentElement.style.display === 'none') return place.clear()
      // Gone before it was seeded: the next page takes its turn.
      if (left !== null) return place.leave(left)
      const manager = tab === null ? null : widgetManager()
      if (manager !== null && tab !== null)
        place.leave({ tab, values: widgetValues(manager, seeded ?? { ids: [], isDrawn: true }) })
    } catch {
      // Storage that is blocked or full forgets.
    }
  })
  addEventListener('pageshow', ({ persisted }) => {
    // A page from the back/forward cache still knows everything itself.
    if (persisted) place.clear()
  })
}

try {
  const config = readConfig(document.currentScript)
  if (config !== null && self.origin !== 'null') {
    keepToken()
    start(config)
  }
} catch {
  // The page comes first.
}

import { readConfig } from './config.ts'
import { type KeptWidgets, keptWidgetsPlace } from './kept-widgets.ts'
import { afterReruns } from './reruns.ts'
import { type WidgetManager, widgetManager } from './widget-manager.ts'
import { isOfSession, widgetValues } from './widget-values.ts'

// Tells the hook in Streamlit's server that the page shows this upload widget's files: if it then reports none, the
// person took them away. The hook keeps it to itself (`_restore.py`).
const SHOWN = 'holdfast-shown '

/** What the page before held, put into Streamlit's manager before the first widget is drawn. Returns how to stop. */
function seed(manager: WidgetManager, { values }: KeptWidgets, message: string): () => void {
  const { removeInactive, widgetStates } = manager
  const ids: string[] = []
  const set = (id: string, value: object): void => {
    Object.assign(widgetStates.createState(id), value)
    ids.push(id)
  }
  for (const [id, value] of Object.entries(values)) {
    if (widgetStates.getState(id) || !isOfSession(value, message)) continue
    set(id, value)
    if ('fileUploaderStateValue' in value) set(SHOWN + id, { boolValue: true })
  }
  // Before a run draws its widgets, none is active, and everything would be forgotten.
  manager.removeInactive = (drawn) => removeInactive.call(manager, new Set([...drawn, ...ids]))
  return () => {
    manager.removeInactive = removeInactive
  }
}

function start(mark: string | undefined): void {
  const place = keptWidgetsPlace(mark)
  let left = place.take()
  let tab: string | null = null
  let isSeeded = false
  let stop = (): void => {}

  // Not before the first request is out: one that carries widgets is taken for a page that only lost its connection.
  afterReruns((socket) => {
    if (isSeeded) {
      stop()
      return false
    }
    if (tab === null) {
      tab = new URL(socket.url).searchParams.get('_holdfast_tab')
      if (left?.tab !== tab) left = null
    }
    const kept = left
    if (kept === null) return false
    const onMessage = ({ data }: MessageEvent): void => {
      try {
        const manager = widgetManager()
        if (manager === null || isSeeded) return
        isSeeded = true
        stop = seed(manager, kept, new TextDecoder('latin1').decode(data))
      } catch {
        // This Streamlit is not one we know: it draws the widgets as it would without us.
      }
    }
    // Capturing: before the page's own listener, which was there first.
    socket.addEventListener('message', onMessage, { once: true, capture: true })
    return true
  })

  addEventListener('pagehide', () => {
    try {
      // The curtain. Drawn before the page goes, it means that nobody is signed in here any more, as far as anyone
      // knows; the main script, which draws it when the page goes, is told after this one.
      if (document.documentElement.style.display === 'none') return place.clear()
      const manager = tab === null || (left !== null && !isSeeded) ? null : widgetManager()
      if (manager !== null && tab !== null)
        place.leave({ tab, values: widgetValues(manager, Object.keys(left?.values ?? {})) })
      else if (left !== null) place.leave(left)
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
  if (config !== null) start(config.mark)
} catch {
  // The page comes first.
}

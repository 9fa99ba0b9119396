/** A widget's state as Streamlit's frontend keeps it: which field is set says what kind of value it is. */
export interface WidgetState {
  readonly constructor: { fromObject(plain: object): object }
  readonly id: string
  readonly stringValue?: string | null
  readonly fileUploaderStateValue?: { readonly uploadedFileInfo?: readonly { size: unknown }[] | null } | null
}

/** The part of Streamlit's `WidgetStateManager` that is used here; none of it is public (1.57 to 1.67 have it). */
export interface WidgetManager {
  /** What has been submitted; a form's draft is elsewhere. */
  readonly widgetStates: {
    getState(id: string): WidgetState | undefined
    createState(id: string): WidgetState
    deleteState(id: string): void
    forEach(visit: (state: WidgetState) => void): void
  }
  /** What has been put into forms and not been submitted. */
  readonly forms?: ReadonlyMap<string, { readonly widgetStates: WidgetManager['widgetStates'] }>
  /** Forgets every widget that is not drawn. */
  removeInactive: (drawn: ReadonlySet<string>) => void
  /** Asks for a run of the script, with what the widgets hold. */
  sendUpdateWidgetsMessage?: (fragment: undefined) => void
}

/** A node of React's tree, as far as it is walked here. */
interface Fiber {
  readonly memoizedProps?: {
    readonly widgetMgr?: Partial<WidgetManager>
    readonly element?: { readonly id?: string }
  } | null
  readonly child?: Fiber | null
  readonly sibling?: Fiber | null
  readonly return?: Fiber | null
  readonly alternate?: Fiber | null
}

// A text box, which may hold a password, is a string to the manager, as an edited table is: only these are looked at.
const TABLES_AND_CHARTS = ['DataFrame', 'VegaLiteChart', 'PlotlyChart', 'DeckGlJsonChart', 'EChartsChart']
const UPLOADS = ['FileUploader', 'CameraInput', 'AudioInput']
// Streamlit's manager is some fifty nodes below the root; a page without it is not searched to its end.
const FAR_ENOUGH = 5000

function fiberOf(node: Element | null, prefix: string): Fiber | null {
  const key = node && Object.keys(node).find((name) => name.startsWith(prefix))
  return node && key ? ((node as unknown as Record<string, Fiber>)[key] ?? null) : null
}

function isManager(found: Partial<WidgetManager> | undefined): found is WidgetManager {
  const states = found?.widgetStates
  const members = [
    found?.removeInactive,
    states?.getState,
    states?.createState,
    states?.deleteState,
    states?.forEach,
  ]
  return members.every((member) => typeof member === 'function')
}

/** The page's widget manager; `null` where there is none of the kind that is known here. */
export function widgetManager(): WidgetManager | null {
  const root = fiberOf(document.getElementById('root'), '__reactContainer$')
  // Of two trees React draws one and prepares the other.
  const ahead = [root, root?.alternate]
  for (let count = 0; ahead.length > 0 && count < FAR_ENOUGH; count++) {
    const fiber = ahead.pop()
    if (!fiber) continue
    const found = fiber.memoizedProps?.widgetMgr
    if (isManager(found)) return found
    ahead.push(fiber.sibling, fiber.child)
  }
  return null
}

/** The ids of the tables, charts and uploads on the page. */
export function drawnWidgets(): string[] {
  const selector = [...TABLES_AND_CHARTS, ...UPLOADS].map((name) => `[data-testid="st${name}"]`).join()
  return Array.from(document.querySelectorAll(selector), (node) => {
    let fiber = fiberOf(node, '__reactFiber$')
    while (fiber && !(fiber.memoizedProps?.element && fiber.memoizedProps.widgetMgr))
      fiber = fiber.return ?? null
    return fiber?.memoizedProps?.element?.id ?? ''
  }).filter(Boolean)
}

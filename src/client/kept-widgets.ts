import type { WidgetValue } from './widget-values.ts'

/** What a page leaves to the next page of its tab. */
export interface KeptWidgets {
  /** The tab, as the page's sockets name it: a duplicate starts with a copy of what is stored. */
  readonly tab: string
  readonly values: Readonly<Record<string, WidgetValue>>
}

/** Where a page leaves them. */
export interface KeptWidgetsPlace {
  /** What the page before left, once. */
  take(): KeptWidgets | null
  leave(kept: KeptWidgets): void
  clear(): void
}

/** The place for one session; whatever another session left there is thrown away. */
export function keptWidgetsPlace(mark: string | undefined): KeptWidgetsPlace {
  // Frames share the storage of their page.
  const key = `holdfast-widgets${window.parent === window ? '' : location.pathname}`

  return {
    take() {
      const text = sessionStorage.getItem(key)
      sessionStorage.removeItem(key)
      const kept: (KeptWidgets & { readonly mark?: string }) | null = JSON.parse(text ?? 'null')
      return kept !== null && kept.mark === mark ? kept : null
    },
    leave({ tab, values }) {
      sessionStorage.setItem(key, JSON.stringify({ mark, tab, values }))
    },
    clear() {
      sessionStorage.removeItem(key)
    },
  }
}

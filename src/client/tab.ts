import { type Claim, channelClaim, lockClaim } from './claim.ts'

/**
 * The identity of one browser tab.
 *
 * sessionStorage follows a tab through F5, restoring and crashes, which is what an id should do; but it is
 * also copied into duplicates and windows the page opens, and two tabs with one id would take the server's
 * session from each other. So a page that leaves signs the id off with a receipt, in sessionStorage and in a
 * list all tabs share; whoever finds its receipt in the list strikes it out and owns the id, without asking.
 * A copy finds none, or one already struck out, and asks the other tabs.
 */
export interface Tab {
  /** The id; `null` while it is being settled. */
  id(): string | null
  settled(): string | Promise<string>
  /** For `pagehide`. */
  leave(): void
  /** For `pageshow` after the back/forward cache. */
  resume(): void
}

type Prerendered = Document & { readonly prerendering?: boolean }

const PATIENCE = 150
const RECEIPTS = 'holdfast-tabs-left'
// Closed tabs never collect theirs; a receipt that fell off the end costs one question to the other tabs.
const RECEIPTS_KEPT = 64

/** 128 random bits as 22 characters of base64url. */
export function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .slice(0, 22)
}

/** Storage as it is for people who block it, or whose is full: it forgets. */
function storage(name: 'sessionStorage' | 'localStorage', key: string, value?: string): string {
  try {
    if (value !== undefined) window[name].setItem(key, value)
    return window[name].getItem(key) ?? ''
  } catch {
    return ''
  }
}

/** The tab of this page. */
export function currentTab(): Tab {
  // Frames in somebody else's page share one sessionStorage; what they show tells them apart.
  const key = `holdfast-tab${window.parent === window ? '' : location.pathname}`
  const receiptKey = `${key}-left`
  const claim: Claim = navigator.locks ? lockClaim(navigator.locks) : channelClaim()
  let current: string | null = null
  let settling: string | Promise<string>

  const own = (id: string): string => {
    current = id
    storage('sessionStorage', key, id)
    // The page before us may sign off after we started; its receipt must not serve a copy of this tab.
    storage('sessionStorage', receiptKey, '')
    return id
  }
  const begin = (): string => {
    const id = randomId()
    void claim.take(id)
    return own(id)
  }
  const receipts = (): string[] => storage('localStorage', RECEIPTS).split(',')
  const collectReceipt = (): boolean => {
    const receipt = storage('sessionStorage', receiptKey)
    const left = receipts()
    const others = left.filter((other) => other !== receipt)
    storage('localStorage', RECEIPTS, others.join())
    return receipt !== '' && others.length < left.length
  }

  const settle = (): string | Promise<string> => {
    const id = storage('sessionStorage', key)
    const isOurs = collectReceipt()
    if (id === '') return begin()
    if (isOurs) {
      void claim.take(id)
      return own(id)
    }
    // A window opened by a page starts with a copy of that page's storage.
    if (window.opener && history.length === 1) return begin()
    return claim.take(id, PATIENCE).then((isFree) => (isFree ? own(id) : begin()))
  }
  const start = (): void => {
    current = null
    // A page rendered ahead of time works on a copy of the tab's storage until the person really comes.
    settling = (document as Prerendered).prerendering
      ? new Promise((resolve) => {
          document.addEventListener('prerenderingchange', resolve, { once: true })
        }).then(settle)
      : settle()
  }

  start()
  return {
    id: () => current,
    settled: () => settling,
    leave() {
      if (current !== null) {
        const receipt = randomId()
        storage('sessionStorage', receiptKey, receipt)
        storage('localStorage', RECEIPTS, [...receipts(), receipt].slice(-RECEIPTS_KEPT).join())
      }
      claim.release()
    },
    resume: start,
  }
}

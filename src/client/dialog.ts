import { clockText } from './deadline.ts'
import { dialogStyle } from './dialog-style.ts'
import type { Warning } from './expiry.ts'

/** What the person may answer. Each resolves to a sentence if it failed, to `''` if it did not. */
export interface DialogAnswers {
  readonly stay: () => Promise<string>
  readonly signOut: () => Promise<string>
  /** Closed without an answer. */
  readonly dismiss: () => void
}

// Built node by node: pages under Trusted Types refuse markup from strings.
function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag)
  made.append(...children)
  return made
}

/** The dialog that warns before the session ends; it enters the document when it is first needed. */
export function warningDialog(answers: DialogAnswers): Warning {
  const time = element('b')
  const title = element('h2', 'You will be signed out in ', time)
  const note = element('p')
  const bar = element('i')
  const stay = element('button')
  const leave = element('button', 'Sign out')
  const dialog = element('dialog', title, note, bar, element('div', stay, leave))
  const host = element('div')
  const shadow = host.attachShadow({ mode: 'closed' })
  // A constructed sheet: a page's `style-src` would block a style element.
  const sheet = new CSSStyleSheet()
  let canStay = true
  let span = 0

  const answer = async (act: () => Promise<string>): Promise<void> => {
    stay.disabled = leave.disabled = true
    note.textContent = await act()
    stay.disabled = leave.disabled = false
    stay.focus()
  }

  host.lang = 'en'
  title.id = 'title'
  dialog.role = 'alertdialog'
  dialog.setAttribute('aria-labelledby', 'title')
  // The role keeps the countdown silent: a clock that speaks every second drowns everything else.
  time.role = 'timer'
  note.role = 'status'
  sheet.replaceSync(dialogStyle)
  shadow.adoptedStyleSheets = [sheet]
  shadow.append(dialog)
  leave.onclick = () => answer(answers.signOut)
  stay.onclick = () => (canStay ? answer(answers.stay) : answers.dismiss())
  // Escape is a sign of life: it answers as the first button does.
  dialog.oncancel = (event) => {
    event.preventDefault()
    stay.click()
  }

  return {
    show(remaining, extendable) {
      canStay = extendable
      time.textContent = clockText(remaining)
      if (!dialog.open) {
        span = remaining
        stay.textContent = extendable ? 'Stay signed in' : 'OK'
        note.textContent = extendable
          ? 'You have not been active for a while.'
          : 'This session cannot be extended. Please save your work.'
        // Beside the body: frameworks own what is inside it.
        document.documentElement.append(host)
        dialog.showModal()
      }
      bar.style.width = `${(100 * remaining) / span}%`
    },
    hide() {
      dialog.close()
      host.remove()
    },
  }
}

/** Hides the whole document and shows it again. */
export interface Curtain {
  draw(): void
  lift(): void
}

/**
 * A curtain before the document. `display: none` and no gentler way: modal dialogs and popovers lie in the
 * top layer, where no opacity of their ancestors reaches them.
 */
export function createCurtain(root: HTMLElement): Curtain {
  let before: readonly [display: string, x: number, y: number] | null = null

  return {
    draw() {
      before ??= [root.style.display, scrollX, scrollY]
      root.style.setProperty('display', 'none', 'important')
    },
    lift() {
      if (before === null) return
      const [display, left, top] = before
      before = null
      root.style.display = display
      scrollTo({ left, top, behavior: 'instant' })
    },
  }
}

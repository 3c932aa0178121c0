interface Task {
  key: string
  when: number
  /** Two that are due at the same moment run in the order in which they were planned. */
  order: number
  work: () => void
}

const before = (a: Task, b: Task) => a.when < b.when || (a.when === b.when && a.order < b.order)

/**
 * What happens by itself when its time comes: renewals, retries, expiries. Moving the clock by a year runs the year in
 * its order, and each step finds the clock at its own moment.
 */
export class Timeline {
  /** A heap: 10,000 subscriptions may be waiting. */
  readonly #tasks: Task[] = []
  readonly #planned = new Map<string, Task>()
  #moment: number | undefined
  #order = 0

  /** @param clock seconds since 1970 */
  constructor(readonly clock: () => number) {}

  now = () => this.#moment ?? this.clock()

  /** @param key what is planned under the same one is replaced */
  plan(key: string, when: number, work: () => void) {
    this.#order += 1
    const task = { key, when, order: this.#order, work }
    this.#planned.set(key, task)
    this.#push(task)
  }

  drop(key: string) {
    this.#planned.delete(key)
  }

  /** When the next thing is due, if anything is planned. */
  next(): number | undefined {
    for (;;) {
      const [task] = this.#tasks
      if (!task || this.#planned.get(task.key) === task) return task?.when
      this.#shift()
    }
  }

  /** Does all that is due by the clock. @returns how much there was */
  run(): number {
    const until = this.clock()
    let done = 0
    try {
      for (let due = this.next(); due !== undefined && due <= until; due = this.next()) {
        const task = this.#shift()
        if (!task) break
        this.#planned.delete(task.key)
        this.#moment = task.when
        task.work()
        done += 1
      }
    } finally {
      this.#moment = undefined
    }
    return done
  }

  #push(task: Task) {
    const tasks = this.#tasks
    let at = tasks.push(task) - 1
    for (;;) {
      const above = (at - 1) >> 1
      const parent = tasks[above]
      if (at === 0 || !parent || !before(task, parent)) return
      tasks[at] = parent
      tasks[above] = task
      at = above
    }
  }

  #shift(): Task | undefined {
    const tasks = this.#tasks
    const [first] = tasks
    const last = tasks.pop()
    if (!last || tasks.length === 0) return first
    tasks[0] = last
    let at = 0
    for (;;) {
      const [left, right] = [tasks[2 * at + 1], tasks[2 * at + 2]]
      const least = left && right && before(right, left) ? 2 * at + 2 : 2 * at + 1
      const child = tasks[least]
      if (!child || !before(child, last)) return first
      tasks[at] = child
      tasks[least] = last
      at = least
    }
  }
}

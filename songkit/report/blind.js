/** Chance of at least so many right answers by guessing (one-sided binomial test, p = 1/2). */
function guessing(right, rounds) {
  let ways = 1;
  let sum = 0;
  for (let hits = 0; hits <= rounds; hits += 1) {
    if (hits >= right) sum += ways;
    ways = (ways * (rounds - hits)) / (hits + 1);
  }
  return Math.min(1, sum / 2 ** rounds);
}

function coin() {
  return crypto.getRandomValues(new Uint8Array(1))[0] & 1;
}

/** Rounds of "is X A or B": nothing on the page tells until the result is asked for. */
class BlindTest {
  constructor(deck) {
    this.deck = deck;
    this.find = (selector) => deck.find(`.blind ${selector}`);
    this.find(".begin").addEventListener("click", () => (deck.blind ? this.stop() : this.begin()));
    this.find(".reveal").addEventListener("click", () => this.reveal());
    for (const button of deck.root.querySelectorAll("[data-hear]")) {
      button.addEventListener("click", () => this.hear(button.dataset.hear));
    }
    for (const button of deck.root.querySelectorAll("[data-answer]")) {
      button.addEventListener("click", () => this.answer(button.dataset.answer));
    }
  }

  begin() {
    const [a, b] = ["a", "b"].map((letter) => Number(this.find(`.blind-${letter}`).value));
    if (a === b) {
      this.tell("Choose two different versions first.");
      return;
    }
    this.pair = { a, b };
    this.rounds = [];
    this.deck.blind = this;
    this.lock(true);
    this.next();
  }

  /** While the test runs the page shows neither which version sounds nor any other way to it. */
  lock(hidden) {
    const { deck } = this;
    deck.root.classList.toggle("testing", hidden);
    for (const version of deck.versions) version.radio.disabled = hidden;
    for (const letter of ["a", "b"]) this.find(`.blind-${letter}`).disabled = hidden;
    if (deck.find(".matched")) deck.find(".matched").disabled = hidden;
    this.find(".trial").hidden = !hidden;
    this.find(".reveal").hidden = true;
    this.find(".begin").textContent = hidden ? "Stop without a result" : "Start";
  }

  next() {
    this.x = coin() ? "a" : "b";
    const done = this.rounds.length;
    this.find(".reveal").hidden = done === 0;
    this.tell(`Round ${done + 1}. ${done ? `${done} answered.` : "Hear A, B and X, then answer."}`);
    return this.hear("x");
  }

  hear(letter) {
    for (const button of this.deck.root.querySelectorAll("[data-hear]")) {
      button.setAttribute("aria-pressed", String(button.dataset.hear === letter));
    }
    const index = this.pair[letter === "x" ? this.x : letter];
    const { deck } = this;
    deck.chosen = index;
    return deck.playing ? deck.sound(index) : deck.play();
  }

  answer(letter) {
    this.rounds.push({ x: this.x, said: letter });
    return this.next();
  }

  stop() {
    const { deck } = this;
    deck.blind = null;
    deck.pause();
    this.lock(false);
    this.tell("");
    deck.versions[deck.chosen].radio.checked = true;
  }

  reveal() {
    const { rounds } = this;
    this.stop();
    const right = rounds.filter((round) => round.x === round.said).length;
    const chance = guessing(right, rounds.length);
    const told = rounds.map((round) => `${round.x.toUpperCase()} ${round.x === round.said ? "✓" : "✗"}`).join(", ");
    this.tell(
      `${right} of ${rounds.length} right. By guessing alone, at least as many are right with a probability of ` +
        `p = ${chance.toFixed(3)}: ${chance <= 0.05 ? "the difference was heard." : "no proof of a difference."} ` +
        `X was: ${told}.`,
    );
  }

  tell(text) {
    this.find(".outcome").textContent = text;
  }
}

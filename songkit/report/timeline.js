/** A plot over time: shows where the music is, and plays from where it is clicked. */
class Timeline {
  constructor(figure, deck) {
    this.seconds = Number(figure.dataset.seconds);
    this.clip = clipOf(figure);
    this.area = figure.querySelector(".area");
    this.head = document.createElement("span");
    this.head.className = "playhead";
    this.head.hidden = true;
    this.area.append(this.head);
    this.area.classList.add("seekable");
    this.area.addEventListener("click", (event) => {
      if (event.target.closest("a") || deck.blind) return;
      const box = this.area.getBoundingClientRect();
      deck.playAt(((event.clientX - box.left) / box.width) * this.seconds, deck.indexOf(this.clip));
    });
    deck.plots.push(this);
  }

  draw(deck) {
    // in a blind test the plot of one version would tell when that version is heard
    const other = this.clip !== null && (deck.blind || deck.versions[deck.chosen].clip !== this.clip);
    const at = deck.start + deck.position();
    this.head.hidden = Boolean(other) || (!deck.playing && at === deck.start);
    this.head.style.left = `${Math.min(100, (100 * at) / this.seconds)}%`;
  }
}

/** The clip that a part of the page is about, where it is about one alone. */
function clipOf(element) {
  const part = element.closest("[data-of]");
  return part ? part.dataset.of : null;
}

function deckOf(element) {
  const named = element.closest("[data-deck]");
  return decks.find((deck) => named && deck.root.id === named.dataset.deck) || decks[0];
}

function keys(event) {
  const deck = decks.find((each) => each.playing) || decks[0];
  const at = event.target;
  if (event.ctrlKey || event.altKey || event.metaKey || at.closest("select")) return;
  const digit = Number(event.key);
  const pressed = at.closest("button, a, summary, input[type=checkbox]");
  const moved = at.closest("input, [tabindex]");
  if (event.key === " " && !pressed) deck.toggle();
  else if (event.key === "ArrowLeft" && !moved) deck.seek(deck.position() - JUMP_SECONDS);
  else if (event.key === "ArrowRight" && !moved) deck.seek(deck.position() + JUMP_SECONDS);
  else if (digit >= 1 && digit <= deck.versions.length && !deck.blind) deck.choose(digit - 1);
  else return;
  event.preventDefault();
}

for (const root of document.querySelectorAll(".deck")) decks.push(new Deck(root));
for (const figure of document.querySelectorAll("figure[data-seconds]")) new Timeline(figure, deckOf(figure));
for (const place of document.querySelectorAll("button[data-at]")) {
  place.disabled = false;
  const deck = deckOf(place);
  place.addEventListener("click", () => {
    if (!deck.blind) deck.playAt(Number(place.dataset.at), deck.indexOf(clipOf(place)));
  });
}
for (const deck of decks) deck.draw();
document.addEventListener("keydown", keys);

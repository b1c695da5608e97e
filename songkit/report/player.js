"use strict";

const FADE_SECONDS = 0.01;
const AHEAD_SECONDS = 0.03;
const JUMP_SECONDS = 5;

const context = { audio: null, clips: new Map() };

/** The one audio context of the page, made when a key or a button is first pressed. */
function audioContext(rate) {
  if (!context.audio) context.audio = new AudioContext({ sampleRate: rate });
  return context.audio;
}

/** The samples of a preview, decoded once however often they are played. */
function samples(id, rate) {
  if (!context.clips.has(id)) {
    const text = atob(document.getElementById(id).src.split(",")[1]);
    const bytes = new Uint8Array(text.length);
    for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
    context.clips.set(id, audioContext(rate).decodeAudioData(bytes.buffer));
  }
  return context.clips.get(id);
}

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds + 1e-6));
  const minutes = Math.floor(whole / 60);
  const rest = String(whole % 60).padStart(2, "0");
  if (minutes < 60) return `${minutes}:${rest}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

const decks = [];

class Deck {
  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.rate = Number(root.dataset.rate);
    this.start = Number(root.dataset.start);
    this.versions = [...root.querySelectorAll(".version")].map((each) => ({
      clip: each.dataset.clip,
      gain: 10 ** (Number(each.dataset.gainDb) / 20),
      radio: each.querySelector("input"),
    }));
    this.seconds = Number(this.find(".position").max);
    this.chosen = 0;
    this.offset = 0;
    this.voice = null;
    this.turn = 0;
    this.plots = [];
    this.blind = null;
    this.show();
    this.listen();
  }

  /** With a script one transport stands for all players of the browser. */
  show() {
    for (const audio of this.root.querySelectorAll("audio")) audio.hidden = true;
    for (const each of [".transport", ".keys", ".blind"]) {
      if (this.find(each)) this.find(each).hidden = false;
    }
    this.root.classList.add("alive");
  }

  listen() {
    this.find(".play").addEventListener("click", () => this.toggle());
    this.find(".position").addEventListener("input", (event) => this.seek(Number(event.target.value)));
    const matched = this.find(".matched");
    if (matched) matched.addEventListener("change", () => this.level());
    this.versions.forEach((version, index) => version.radio.addEventListener("change", () => this.choose(index)));
    if (this.find(".blind")) this.test = new BlindTest(this);
  }

  /** Which version a clip is here; null for none. */
  indexOf(clip) {
    const index = this.versions.findIndex((version) => version.clip === clip);
    return index < 0 ? null : index;
  }

  get playing() {
    return this.voice !== null;
  }

  position() {
    if (!this.voice) return this.offset;
    return Math.min(this.seconds, Math.max(0, this.offset + context.audio.currentTime - this.voice.from));
  }

  gain(index) {
    const matched = this.find(".matched");
    return this.blind || !matched || matched.checked ? this.versions[index].gain : 1;
  }

  toggle() {
    return this.playing ? this.pause() : this.play();
  }

  async play() {
    for (const other of decks) if (other !== this) other.pause();
    const audio = audioContext(this.rate);
    await audio.resume();
    if (this.offset >= this.seconds - 0.05) this.offset = 0;
    await this.sound(this.chosen);
    // the others get ready to be switched to; one that cannot be decoded is told of when it is chosen
    for (const version of this.versions) await samples(version.clip, this.rate).catch(() => null);
  }

  pause() {
    this.turn += 1;
    this.offset = this.position();
    this.silence();
    this.draw();
  }

  silence(when = 0) {
    if (!this.voice) return;
    const { source, level, loud } = this.voice;
    const at = Math.max(when, context.audio.currentTime);
    level.gain.cancelScheduledValues(at);
    level.gain.setValueAtTime(loud, at);
    level.gain.linearRampToValueAtTime(0, at + FADE_SECONDS);
    source.onended = null;
    source.stop(at + 2 * FADE_SECONDS);
    this.voice = null;
  }

  /** Goes on with a version where the music is: the new one begins on the sample on which the old one fades. */
  async sound(index) {
    const turn = (this.turn += 1);
    this.say("decoding the previews …");
    let buffer;
    try {
      buffer = await samples(this.versions[index].clip, this.rate);
    } catch (error) {
      this.say(`This browser cannot decode the preview: ${error.message}`);
      return;
    }
    if (turn !== this.turn) return;
    this.say("");
    const audio = context.audio;
    const when = audio.currentTime + AHEAD_SECONDS;
    const at = this.voice ? this.offset + when - this.voice.from : this.offset;
    this.silence(when);
    const source = new AudioBufferSourceNode(audio, { buffer });
    const loud = this.gain(index);
    const level = new GainNode(audio, { gain: 0 });
    level.gain.setValueAtTime(0, when);
    level.gain.linearRampToValueAtTime(loud, when + FADE_SECONDS);
    source.connect(level).connect(audio.destination);
    source.onended = () => this.ended();
    source.start(when, Math.max(0, at));
    this.voice = { source, level, loud, from: when };
    this.offset = at;
    this.root.dataset.sounding = this.blind ? "hidden" : String(index);
    this.draw();
    this.follow();
  }

  ended() {
    this.voice = null;
    this.offset = 0;
    this.draw();
  }

  choose(index) {
    if (index === this.chosen && this.playing) return undefined;
    this.chosen = index;
    if (!this.blind) this.versions[index].radio.checked = true;
    return this.playing ? this.sound(index) : undefined;
  }

  seek(seconds) {
    const target = Math.min(this.seconds, Math.max(0, seconds));
    const playing = this.playing;
    if (playing) this.silence();
    this.offset = target;
    this.draw();
    return playing ? this.sound(this.chosen) : undefined;
  }

  /** Plays from a time of the programme, of which the preview may be a part. */
  playAt(seconds, index = null) {
    const end = this.start + this.seconds;
    if (seconds < this.start - 1 || seconds > end + 1) {
      this.say(`${clock(seconds)} is not in the preview, which has ${clock(this.start)} to ${clock(end)}.`);
      return undefined;
    }
    this.seek(seconds - this.start);
    if (index !== null) this.choose(index);
    return this.playing ? undefined : this.play();
  }

  level() {
    if (!this.voice) return;
    const now = context.audio.currentTime;
    this.voice.loud = this.gain(this.chosen);
    this.voice.level.gain.cancelScheduledValues(now);
    this.voice.level.gain.setTargetAtTime(this.voice.loud, now, FADE_SECONDS);
  }

  say(text) {
    this.find(".transport .said").textContent = text;
  }

  follow() {
    if (this.following) return;
    this.following = true;
    const step = () => {
      this.draw();
      this.following = this.playing;
      if (this.playing) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  draw() {
    const at = this.position();
    const slider = this.find(".position");
    slider.value = String(at);
    const now = clock(this.start + at);
    slider.setAttribute("aria-valuetext", `${now} of ${clock(this.start + this.seconds)}`);
    this.find(".time").textContent = `${now} / ${clock(this.start + this.seconds)}`;
    const button = this.find(".play");
    button.textContent = this.playing ? "Pause" : "Play";
    this.root.dataset.state = this.playing ? "playing" : "paused";
    for (const plot of this.plots) plot.draw(this);
  }
}

"""DiffRhythm v1.2, re-implemented from facts: latent flow matching from lyrics and a style to 95 or 96-285 seconds.

    shape                 the sizes of the two published models, frames and seconds
    model                 the network, whole
    precision, weights    fp32, bf16 and the published fp16, on which device; strict loading
    field, sampler        the guided velocity; from noise to latents: time grid, solvers, seeds
    latents               what latents must be before they are decoded, and how they are kept
    vae, chunks, decoded  latents to audio and back, in overlapping chunks; the take, written as it is
    memory, torch_audio   glibc kept from giving memory back; torchaudio where its library does not load
    words                 lyrics as tokens on the frame axis

Every file but this one, `shape`, `chunks` and `memory` imports torch or loads it when called: import them where work
starts.
"""

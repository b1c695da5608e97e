"""DiffRhythm v1.2, re-implemented from facts: latent flow matching from lyrics and a style to 95 or 96-285 seconds.

    shape                 the sizes of the two published models, frames and seconds
    model                 the network, whole
    precision, weights    fp32, bf16 and the published fp16; strict loading
    sampler, field        noise to latents: time grid, solvers; guidance
    vae, chunks           latents to audio and back, in overlapping chunks
    latents               what latents must be before they are decoded, and how they are kept
    torch_audio           torchaudio where its native library does not load

Every file but this one and `shape`, `chunks` imports torch: import them where work starts.
"""

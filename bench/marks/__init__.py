"""What `bench.watermark` is made of: clips, attacks, watermarkers, and what is counted."""

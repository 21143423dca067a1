print("before", flush=True)
blocks = []
while True:
    blocks.append(b"x" * (4 << 20))

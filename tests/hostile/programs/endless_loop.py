# Never ends; what was printed is still in its buffer at the deadline.
print("before")
while True:
    pass

from units import miles

print(round(miles(42.195), 2), "miles")

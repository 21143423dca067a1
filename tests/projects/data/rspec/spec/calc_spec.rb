RSpec.describe Calc do
  it "adds" do
    sleep 0.06; expect(Calc.add(1, 2)).to eq(3)
  end

  it "divides" do
    expect(Calc.div(6, 3)).to eq(2)
  end

  it "has a wrong sum" do
    expect(Calc.add(1, 2)).to eq(4)
  end

  it "raises" do
    raise IOError, "no such place"
  end

  it "is skipped", skip: "not today" do
    raise "never run"
  end

  it "fails as expected" do
    pending "integers only"
    expect(Calc.div(1, 2)).to eq(0.5)
  end
end
